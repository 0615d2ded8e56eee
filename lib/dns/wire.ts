/**
 * The parts of DNS messages that `dns-packet` does not do: names that are checked, records with empty data
 * or class NONE, and reading past sections that are not wanted. Record data is left to it. RFC 1035 §3.1, §4.1
 */
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer } from "dns-packet";
import { type RecordData, stringsOf } from "../discovery/record.ts";

export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;

export const TYPE: Readonly<Record<RecordData["type"] | "ANY" | "OPT" | "TSIG", number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  TLSA: 52,
  TSIG: 250,
  ANY: 255,
  CAA: 257,
};

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
} as const;

/** A name that cannot be put on the wire. */
export class BadName extends Error {
  override readonly name = "BadName";
}

/** Labels of a name without last dot; a `\` keeps the character behind it, a dot above all. RFC 1035 §5.1 */
const labelsOf = (name: string): ReadonlyArray<string> => {
  if (name === "." || name === "") return [];
  const labels = [""];
  for (let i = 0; i < name.length; i++) {
    const c = name.charAt(i);
    if (c === ".") labels.push("");
    else labels[labels.length - 1] += c === "\\" ? name.charAt(++i) : c;
  }
  return labels;
};

/** Uncompressed. Labels of 1 to 63 octets, 255 in all; throws `BadName`. RFC 1035 §2.3.4 */
export const encodeName = (name: string): Uint8Array => {
  const parts = labelsOf(name).map((label) => {
    const octets = Buffer.from(label, "utf8");
    if (octets.length === 0 || octets.length > 63) throw new BadName(name);
    return Buffer.concat([Uint8Array.of(octets.length), octets]);
  });
  const all = Buffer.concat([...parts, Uint8Array.of(0)]);
  if (all.length > 255) throw new BadName(name);
  return all;
};

export const u16 = (n: number): Uint8Array => Uint8Array.of((n >> 8) & 0xff, n & 0xff);

export const u32 = (n: number): Uint8Array => Buffer.concat([u16(n >>> 16), u16(n & 0xffff)]);

/** Octets of header, root name, type, class, TTL and length in front of the data of the only answer. */
const BEFORE_DATA = 12 + 1 + 10;

/** The data as `dns-packet` writes it, which compresses nothing. */
export const encodeData = (d: RecordData): Uint8Array => {
  // its CAA knows three tags only. RFC 8659 §4.1
  if (d.type === "CAA") {
    return Buffer.concat([
      Uint8Array.of(d.flags, d.tag.length),
      Buffer.from(d.tag),
      Buffer.from(d.value),
    ]);
  }
  const packet = dnsPacket.encode({ type: "response", answers: [answerOf(d)] });
  return Uint8Array.from(packet.subarray(BEFORE_DATA));
};

const answerOf = (d: Exclude<RecordData, { readonly type: "CAA" }>): Answer => {
  const at = { name: ".", ttl: 0, class: "IN" } as const;
  switch (d.type) {
    case "A":
    case "AAAA":
      return { ...at, type: d.type, data: d.address };
    case "CNAME":
    case "NS":
      return { ...at, type: d.type, data: checked(d.target) };
    case "MX":
      return { ...at, type: "MX", data: { preference: d.preference, exchange: checked(d.target) } };
    case "SRV": {
      const { priority, weight, port } = d;
      return { ...at, type: "SRV", data: { priority, weight, port, target: checked(d.target) } };
    }
    case "TXT":
      return { ...at, type: "TXT", data: stringsOf(d.text).map((s) => Buffer.from(s)) };
    case "TLSA":
      return {
        ...at,
        type: "TLSA",
        data: {
          usage: d.usage,
          selector: d.selector,
          matchingType: d.matching,
          certificate: Buffer.from(d.certificate, "hex"),
        },
      };
    case "SOA": {
      const { serial, refresh, retry, expire, minimum } = d;
      const names = { mname: checked(d.mname), rname: checked(d.rname) };
      return { ...at, type: "SOA", data: { ...names, serial, refresh, retry, expire, minimum } };
    }
  }
};

/** `dns-packet` writes any length of label without a word. */
const checked = (name: string): string => {
  encodeName(name);
  return name;
};

/** A whole record; `data` is empty in the deletions of RFC 2136. */
export const encodeRecord = (
  owner: Uint8Array,
  type: number,
  cls: number,
  ttl: number,
  data: Uint8Array,
): Uint8Array => Buffer.concat([owner, u16(type), u16(cls), u32(ttl), u16(data.length), data]);

/** A message that does not hold what it says it holds. */
export class BadMessage extends Error {
  override readonly name = "BadMessage";
}

/** Reads from the front; throws `BadMessage` rather than reading past the end. RFC 9267 */
export class Reader {
  readonly octets: Uint8Array;
  at: number;
  constructor(octets: Uint8Array, at = 0) {
    this.octets = octets;
    this.at = at;
  }

  octet(): number {
    const o = this.octets[this.at];
    if (o === undefined) throw new BadMessage("message ends early");
    this.at++;
    return o;
  }
  u16(): number {
    return (this.octet() << 8) | this.octet();
  }
  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }
  take(length: number): Uint8Array {
    if (this.at + length > this.octets.length) throw new BadMessage("message ends early");
    this.at += length;
    return this.octets.subarray(this.at - length, this.at);
  }

  /**
   * A name, uncompressed and in lower case. Pointers must lead strictly backwards, so that they end; `pointers`
   * forbids them where none can be. RFC 1035 §4.1.4
   */
  name(pointers = true): Uint8Array {
    const parts: Array<Uint8Array> = [];
    let size = 1;
    let floor = this.at;
    let end = -1;
    for (;;) {
      const length = this.octet();
      if (length === 0) break;
      if (length >= 0xc0) {
        const to = ((length & 0x3f) << 8) | this.octet();
        if (!pointers || to >= floor) throw new BadMessage("pointer that leads nowhere");
        if (end < 0) end = this.at;
        floor = to;
        this.at = to;
        continue;
      }
      if (length > 63) throw new BadMessage("label of an unknown kind");
      size += length + 1;
      if (size > 255) throw new BadMessage("name longer than 255 octets");
      parts.push(Uint8Array.of(length), lowered(this.take(length)));
    }
    if (end >= 0) this.at = end;
    return Buffer.concat([...parts, Uint8Array.of(0)]);
  }

  /** The next record, its data not looked into. */
  record(): WireRecord {
    const name = this.name();
    const [type, cls, ttl] = [this.u16(), this.u16(), this.u32()];
    return { name, type, cls, ttl, data: this.take(this.u16()) };
  }
}

export interface WireRecord {
  /** Uncompressed, lower case. */
  readonly name: Uint8Array;
  readonly type: number;
  readonly cls: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

/** ASCII only. RFC 4343 §3 */
export const lowered = (octets: Uint8Array): Uint8Array =>
  octets.map((o) => o >= 0x41 && o <= 0x5a ? o + 0x20 : o);

/** Octets as a key of maps. */
export const keyOf = (name: Uint8Array): string => Buffer.from(name).toString("latin1");
