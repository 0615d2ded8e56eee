/** A script for `nsupdate`. Sets that hold values of others are only added to. RFC 2136 §2.5 */
import { type ExpectedRecord, recordSets, type RecordType } from "../record.ts";
import { absolute, printData } from "./presentation.ts";

/** Types of which one name may hold values of several people. DU-3 */
export const SHARED: ReadonlySet<RecordType> = new Set(["TXT", "CAA"]);

export const nsupdateScript = (
  records: ReadonlyArray<ExpectedRecord>,
  zone: string,
  server: string | null,
): string => {
  const out = server === null ? [] : [`server ${server}`];
  out.push(`zone ${absolute(zone)}`);
  for (const set of recordSets(records)) {
    const name = absolute(set.owner);
    if (!SHARED.has(set.type)) out.push(`update delete ${name} ${set.type}`);
    for (const r of set.records) {
      out.push(`update add ${name} ${set.ttl} ${set.type} ${printData(r.data)}`);
    }
  }
  return `${[...out, "send"].join("\n")}\n`;
};
