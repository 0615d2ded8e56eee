/** Record data as `dns-packet` decodes it, made into the types of the port. */
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import type { Answer } from "dns-packet";
import type { DnsRecords, RecordType } from "../ports/dns.ts";

/** Lower case (of ASCII), without the trailing dot; the root is empty. RFC 4343 §3 */
export const plainName = (name: string): string => name.replace(/\.$/, "").toLowerCase();

const text = (octets: Buffer | string): string =>
  typeof octets === "string" ? octets : octets.toString("latin1");

type Read<T extends RecordType> = (a: Answer) => DnsRecords[T] | null;

const READ: { readonly [T in RecordType]: Read<T> } = {
  A: (a) => a.type === "A" ? a.data : null,
  AAAA: (a) => a.type === "AAAA" ? a.data : null,
  CNAME: (a) => a.type === "CNAME" ? plainName(a.data) : null,
  NS: (a) => a.type === "NS" ? plainName(a.data) : null,
  PTR: (a) => a.type === "PTR" ? plainName(a.data) : null,
  MX: (a) =>
    a.type === "MX"
      ? { preference: a.data.preference ?? 0, exchange: plainName(a.data.exchange) }
      : null,
  SRV: (a) =>
    a.type === "SRV"
      ? {
        priority: a.data.priority ?? 0,
        weight: a.data.weight ?? 0,
        port: a.data.port,
        target: plainName(a.data.target),
      }
      : null,
  TXT: (a) => a.type === "TXT" ? (Array.isArray(a.data) ? a.data : [a.data]).map(text) : null,
  SOA: (a) =>
    a.type === "SOA"
      ? {
        mname: plainName(a.data.mname),
        rname: plainName(a.data.rname),
        serial: a.data.serial ?? 0,
        refresh: a.data.refresh ?? 0,
        retry: a.data.retry ?? 0,
        expire: a.data.expire ?? 0,
        minimum: a.data.minimum ?? 0,
      }
      : null,
  TLSA: (a) =>
    a.type === "TLSA"
      ? {
        usage: a.data.usage,
        selector: a.data.selector,
        matching: a.data.matchingType,
        data: Buffer.from(a.data.certificate).toString("hex"),
      }
      : null,
  DS: (a) =>
    a.type === "DS"
      ? {
        keyTag: a.data.keyTag,
        algorithm: a.data.algorithm,
        digestType: a.data.digestType,
        digest: Buffer.from(a.data.digest).toString("hex"),
      }
      : null,
  CAA: (a) =>
    a.type === "CAA"
      ? { flags: a.data.flags ?? 0, tag: a.data.tag.toLowerCase(), value: a.data.value }
      : null,
};

export const readRecord = <T extends RecordType>(type: T, a: Answer): DnsRecords[T] | null =>
  READ[type](a);
