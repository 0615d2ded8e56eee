/** `dnsconfig.js` of DNSControl: extends a domain that is defined elsewhere. It splits long TXT by itself. */
import type { ExpectedRecord, RecordData } from "../record.ts";
import { absolute, relative } from "./presentation.ts";

const q = (s: string): string =>
  JSON.stringify(s).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");

const args = (d: RecordData): ReadonlyArray<string | number> => {
  switch (d.type) {
    case "A":
    case "AAAA":
      return [q(d.address)];
    case "CNAME":
    case "NS":
      return [q(absolute(d.target))];
    case "MX":
      return [d.preference, q(absolute(d.target))];
    case "SRV":
      return [d.priority, d.weight, d.port, q(absolute(d.target))];
    case "TXT":
      return [q(d.text)];
    case "CAA":
      return [q(d.tag), q(d.value), ...(d.flags >= 128 ? ["CAA_CRITICAL"] : [])];
    case "TLSA":
      return [d.usage, d.selector, d.matching, q(d.certificate)];
    case "SOA":
      return [];
  }
};

export const dnscontrol = (records: ReadonlyArray<ExpectedRecord>, zone: string): string => {
  const lines = records.map((r) =>
    `  ${r.data.type}(${[q(relative(r.owner, zone)), ...args(r.data), `TTL(${r.ttl})`].join(", ")})`
  );
  return `D_EXTEND(${q(zone)},\n${lines.join(",\n")}\n);\n`;
};
