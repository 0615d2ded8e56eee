/** A fragment of a master file: absolute names, no apex SOA or NS, the same octets every time. ZF-1..ZF-7 */
import type { ExpectedRecord } from "../record.ts";
import { absolute, printData } from "./presentation.ts";

const line = (r: ExpectedRecord): string =>
  `${absolute(r.owner)} ${r.ttl} IN ${r.data.type} ${printData(r.data)}`;

/** `comments`: a line before each set that says what it is for; hints are remarks in any case. ZF-6 */
export const zoneFile = (
  records: ReadonlyArray<ExpectedRecord>,
  comments: boolean,
): string => {
  const out = [`$TTL ${records[0]?.ttl ?? 3600}`];
  let note = "";
  for (const r of records) {
    const remark = noteOf(r);
    if (comments && remark !== note) out.push(`; ${remark}`);
    note = remark;
    out.push(r.need === "hint" ? `; ${line(r)}` : line(r));
  }
  return `${out.join("\n")}\n`;
};

const noteOf = (r: ExpectedRecord): string =>
  r.need === "hint"
    ? `a proposal, take it if it fits: ${r.note}`
    : r.need === "optional"
    ? `${r.note} (may be left out where the DNS panel refuses it)`
    : r.note;
