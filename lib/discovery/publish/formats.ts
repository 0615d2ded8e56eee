/** Every format of a record set. */
import type { ExpectedRecord } from "../record.ts";
import { cloudflare } from "./cloudflare.ts";
import { dnscontrol } from "./dnscontrol.ts";
import { nsupdateScript } from "./nsupdate.ts";
import { octodns } from "./octodns.ts";
import { printData } from "./presentation.ts";
import { route53 } from "./route53.ts";
import { csv, table } from "./table.ts";
import { terraformCloudflare, terraformRoute53 } from "./terraform.ts";
import { zoneFile } from "./zone.ts";

/** The forms in which records can be printed. */
export const FORMATS = [
  "zone",
  "table",
  "csv",
  "json",
  "nsupdate",
  "dnscontrol",
  "octodns",
  "terraform",
  "terraform-cloudflare",
  "route53",
  "cloudflare",
] as const;

/** The name of a form of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number];

export interface FormatOptions {
  /** The zone that the records are put into. */
  readonly zone: string;
  readonly comments: boolean;
  /** For nsupdate; null: it finds the server by itself. */
  readonly server: string | null;
}

/** Hints are shown to people only: programs would take them for orders. */
export const formatRecords = (
  format: Format,
  records: ReadonlyArray<ExpectedRecord>,
  o: FormatOptions,
): string => {
  const firm = records.filter((r) => r.need !== "hint");
  switch (format) {
    case "zone":
      return zoneFile(records, o.comments);
    case "table":
      return table(records, o.zone);
    case "csv":
      return csv(records, o.zone);
    case "json":
      return `${JSON.stringify(records.map(jsonOf), null, 2)}\n`;
    case "nsupdate":
      return nsupdateScript(firm, o.zone, o.server);
    case "dnscontrol":
      return dnscontrol(firm, o.zone);
    case "octodns":
      return octodns(firm, o.zone);
    case "terraform":
      return terraformRoute53(firm, o.zone);
    case "terraform-cloudflare":
      return terraformCloudflare(firm, o.zone);
    case "route53":
      return route53(firm, o.zone);
    case "cloudflare":
      return cloudflare(firm);
  }
};

const jsonOf = (r: ExpectedRecord) => {
  const { type, ...data } = r.data;
  return {
    key: r.key,
    owner: r.owner,
    ttl: r.ttl,
    type,
    data,
    text: printData(r.data),
    need: r.need,
    note: r.note,
  };
};
