/** For people who type into a DNS panel: relative hosts, SRV in its fields, TXT without quotes. */
import type { ExpectedRecord, RecordData } from "../record.ts";
import { absolute, printData, relative } from "./presentation.ts";

const value = (d: RecordData): string =>
  d.type === "SRV"
    ? `priority ${d.priority}, weight ${d.weight}, port ${d.port}, target ${absolute(d.target)}`
    : d.type === "TXT"
    ? d.text
    : printData(d);

const NEED = { required: "", optional: "optional: ", hint: "proposal: " } as const;

const rows = (records: ReadonlyArray<ExpectedRecord>, zone: string) => [
  ["Type", "Host", "TTL", "Value", "What for"],
  ...records.map((r) => [
    r.data.type,
    relative(r.owner, zone),
    String(r.ttl),
    value(r.data),
    NEED[r.need] + r.note,
  ]),
];

/** Values wider than this push only their own line. */
const MAX_WIDTH = 60;

export const table = (records: ReadonlyArray<ExpectedRecord>, zone: string): string => {
  const all = rows(records, zone);
  const width = (all[0] ?? []).map((_, i) =>
    Math.min(MAX_WIDTH, Math.max(...all.map((row) => (row[i] ?? "").length)))
  );
  return `${
    all.map((row) => row.map((c, i) => c.padEnd(width[i] ?? 0)).join("  ").trimEnd()).join("\n")
  }\n`;
};

/** RFC 4180 §2 */
export const csv = (records: ReadonlyArray<ExpectedRecord>, zone: string): string =>
  rows(records, zone).map((row) =>
    row.map((c) => `"${c.replaceAll('"', '""')}"`).join(",") + "\r\n"
  )
    .join("");
