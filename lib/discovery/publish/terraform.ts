/** Terraform resources, one for each record set (Route 53) or record (Cloudflare). */
import { type ExpectedRecord, recordSets, stringsOf } from "../record.ts";
import { cloudflareData } from "./cloudflare.ts";
import { relative } from "./presentation.ts";
import { route53Value } from "./route53.ts";

/** A string of HCL: `${` and `%{` would start a template. */
const hcl = (s: string): string =>
  JSON.stringify(s).replaceAll("${", "$${").replaceAll("%{", "%%{");

/** A name for the resource: letters, digits and underscores. */
const resourceName = (owner: string, zone: string, type: string): string =>
  `${relative(owner, zone, "apex").replaceAll(/[^A-Za-z0-9]+/g, "_").replace(/^_+/, "")}_${type}`
    .toLowerCase().replace(/^(?=[0-9])/, "r");

/** The provider puts quotes around each value itself, so strings within one are parted by `""`. */
const awsValue = (r: ExpectedRecord): string =>
  r.data.type === "TXT" && stringsOf(r.data.text).length > 0
    ? route53Value(r.data).slice(1, -1).replaceAll('" "', '""')
    : route53Value(r.data);

export const terraformRoute53 = (
  records: ReadonlyArray<ExpectedRecord>,
  zone: string,
): string =>
  recordSets(records).map((set) => {
    const name = resourceName(set.owner, zone, set.type);
    const values = records.filter((r) => r.owner === set.owner && r.data.type === set.type);
    return [
      `resource "aws_route53_record" "${name}" {`,
      `  zone_id = var.zone_id`,
      `  name    = ${hcl(set.owner)}`,
      `  type    = "${set.type}"`,
      `  ttl     = ${set.ttl}`,
      `  records = [${values.map((r) => hcl(awsValue(r))).join(", ")}]`,
      "}",
      "",
    ].join("\n");
  }).join("\n");

const attribute = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? `{ ${Object.entries(value).map(([k, v]) => `${k} = ${attribute(v)}`).join(", ")} }`
    : typeof value === "string"
    ? hcl(value)
    : String(value);

export const terraformCloudflare = (
  records: ReadonlyArray<ExpectedRecord>,
  zone: string,
): string => {
  const used = new Map<string, number>();
  return records.map((r) => {
    const base = resourceName(r.owner, zone, r.data.type);
    const n = (used.get(base) ?? 0) + 1;
    used.set(base, n);
    const fields = { type: r.data.type, name: r.owner, ttl: r.ttl, ...cloudflareData(r.data) };
    return [
      `resource "cloudflare_dns_record" "${n === 1 ? base : `${base}_${n}`}" {`,
      `  zone_id = var.zone_id`,
      ...Object.entries(fields).map(([k, v]) => `  ${k} = ${attribute(v)}`),
      "}",
      "",
    ].join("\n");
  }).join("\n");
};
