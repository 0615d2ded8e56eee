/** A change batch for `aws route53 change-resource-record-sets`. Whole sets, as the API knows no other. */
import { type ExpectedRecord, type RecordData, recordSets, stringsOf } from "../record.ts";
import { absolute, printData, quotedWith } from "./presentation.ts";

/** Route 53 escapes in octal where master files do in decimal. */
const octal = (octet: number): string => `\\${octet.toString(8).padStart(3, "0")}`;

export const route53Value = (d: RecordData): string =>
  d.type === "TXT" ? stringsOf(d.text).map((s) => quotedWith(s, octal)).join(" ") : printData(d);

export const route53 = (records: ReadonlyArray<ExpectedRecord>, zone: string): string =>
  `${
    JSON.stringify(
      {
        Comment: `autodiscovery records of ${zone}`,
        Changes: recordSets(records).map((set) => ({
          Action: "UPSERT",
          ResourceRecordSet: {
            Name: absolute(set.owner),
            Type: set.type,
            TTL: set.ttl,
            ResourceRecords: set.records.map((r) => ({ Value: route53Value(r.data) })),
          },
        })),
      },
      null,
      2,
    )
  }\n`;
