/** The body of `POST /zones/ID/dns_records/batch`. No mail name may go through Cloudflare's proxy. */
import type { ExpectedRecord, RecordData } from "../record.ts";
import { txt } from "./presentation.ts";

/** The fields that say what the record holds. */
export const cloudflareData = (d: RecordData): Readonly<Record<string, unknown>> => {
  switch (d.type) {
    case "A":
    case "AAAA":
      return { content: d.address, proxied: false };
    case "CNAME":
      return { content: d.target, proxied: false };
    case "NS":
      return { content: d.target };
    case "MX":
      return { content: d.target, priority: d.preference };
    case "SRV":
      return {
        data: { priority: d.priority, weight: d.weight, port: d.port, target: d.target },
      };
    case "TXT":
      return { content: txt(d.text) };
    case "CAA":
      return { data: { flags: d.flags, tag: d.tag, value: d.value } };
    case "TLSA":
      return {
        data: {
          usage: d.usage,
          selector: d.selector,
          matching_type: d.matching,
          certificate: d.certificate,
        },
      };
    case "SOA":
      return {};
  }
};

export const cloudflare = (records: ReadonlyArray<ExpectedRecord>): string =>
  `${
    JSON.stringify(
      {
        posts: records.map((r) => ({
          type: r.data.type,
          name: r.owner,
          ttl: r.ttl,
          ...cloudflareData(r.data),
          comment: r.note.slice(0, 100),
        })),
      },
      null,
      2,
    )
  }\n`;
