/** A zone file in YAML for octoDNS. JSON's strings are YAML's, so that is how they are written. */
import { type ExpectedRecord, type RecordData, type RecordSet, recordSets } from "../record.ts";
import { absolute, relative } from "./presentation.ts";

type Value = string | number | Readonly<Record<string, string | number>>;

const valueOf = (d: RecordData): Value => {
  switch (d.type) {
    case "A":
    case "AAAA":
      return d.address;
    case "CNAME":
    case "NS":
      return absolute(d.target);
    case "MX":
      return { exchange: absolute(d.target), preference: d.preference };
    case "SRV":
      return {
        port: d.port,
        priority: d.priority,
        target: absolute(d.target),
        weight: d.weight,
      };
    case "TXT":
      return d.text.replaceAll(";", "\\;");
    case "CAA":
      return { flags: d.flags, tag: d.tag, value: d.value };
    case "TLSA":
      return {
        certificate_association_data: d.certificate,
        certificate_usage: d.usage,
        matching_type: d.matching,
        selector: d.selector,
      };
    case "SOA":
      return "";
  }
};

const scalar = (v: string | number): string =>
  typeof v === "number" ? String(v) : JSON.stringify(v);

/** `indent` begins every line but the first. */
const printed = (v: Value, indent: string): string =>
  typeof v === "object"
    ? Object.entries(v).map(([k, inner]) => `${k}: ${scalar(inner)}`).join(`\n${indent}`)
    : scalar(v);

const entry = (set: RecordSet): ReadonlyArray<string> => {
  const values = set.records.map((r) => valueOf(r.data));
  const one = set.type === "CNAME";
  return [
    `- ttl: ${set.ttl}`,
    `  type: ${set.type}`,
    ...(one
      ? [`  value: ${printed(values[0] ?? "", "    ")}`]
      : ["  values:", ...values.map((v) => `  - ${printed(v, "    ")}`)]),
  ];
};

export const octodns = (records: ReadonlyArray<ExpectedRecord>, zone: string): string => {
  const names = new Map<string, Array<string>>();
  for (const set of recordSets(records)) {
    const label = relative(set.owner, zone, "");
    names.set(label, [...(names.get(label) ?? []), ...entry(set)]);
  }
  const sorted = [...names].sort(([a], [b]) => a < b ? -1 : 1);
  return [
    "---",
    '# TXT is written for "escaped_semicolons: true", the default of octoDNS 1; 2.0 changes it.',
    ...sorted.flatMap(([label, lines]) => [`${JSON.stringify(label)}:`, ...lines]),
    "",
  ].join("\n");
};
