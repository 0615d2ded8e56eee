/** DNS messages by `dns-packet`: one question out, the answer read with suspicion. RFC 1035 §4, RFC 5452 §9 */
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer, type OptAnswer, type Packet } from "dns-packet";
import type { DnsRecords, DnsTrouble, RecordType, TroubleKind } from "../ports/dns.ts";
import { plainName, readRecord } from "./records.ts";
import { wellFormed } from "./structure.ts";

export interface Query {
  readonly id: number;
  /** As it goes out: its case is part of what the answer must repeat. */
  readonly name: string;
  readonly type: RecordType;
  /** False: to an authoritative server, which is to answer from its own data. */
  readonly recursion: boolean;
  readonly edns: boolean;
  /** Answers are wanted even where DNSSEC says that they are false: to tell bogus from broken. RFC 4035 §3.2.2 */
  readonly unchecked: boolean;
}

interface Seen {
  /** Seconds for which it may be kept. */
  readonly ttl: number;
  /** The AD bit, as the server has set it. */
  readonly ad: boolean;
  /** The AA bit. */
  readonly authoritative: boolean;
  readonly aliases: ReadonlyArray<string>;
}

/** What a server said to one question. */
export type Said =
  | Seen & {
    readonly _tag: "Records";
    readonly records: ReadonlyArray<DnsRecords[RecordType]>;
    /** Size of the message: what keeping it costs. */
    readonly octets: number;
  }
  | Seen & {
    readonly _tag: "NoData";
    /** Servers of a delegated zone of that name, where the answer is a referral to them. RFC 1034 §4.2.1 */
    readonly referral?: ReadonlyArray<string>;
  }
  | Seen & { readonly _tag: "NoSuchDomain" }
  /** The name is an alias, and what it stands for was not told along with it. RFC 1034 §3.6.2 */
  | Seen & { readonly _tag: "Alias"; readonly target: string }
  /** To be asked over TCP: cut off, or the case of the name came back changed. */
  | { readonly _tag: "Again"; readonly over: "tcp" }
  /** The server does not know EDNS. RFC 6891 §7 */
  | { readonly _tag: "Again"; readonly over: "plain" }
  | DnsTrouble;

/** Octets that a UDP answer may have. RFC 6891 §6.2.5 */
export const UDP_SIZE = 1232;
/** RFC 2308 §5: an answer that nothing exists is kept this long at most, in seconds. */
const MAX_NEGATIVE = 300;

const OPT: OptAnswer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: UDP_SIZE,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** The AD bit in a query asks for the AD bit in the answer. RFC 6840 §5.7 */
export const encodeQuery = (q: Query): Uint8Array =>
  dnsPacket.encode({
    type: "query",
    id: q.id,
    flags: dnsPacket.AUTHENTIC_DATA |
      (q.recursion ? dnsPacket.RECURSION_DESIRED : 0) |
      (q.unchecked ? dnsPacket.CHECKING_DISABLED : 0),
    questions: [{ type: q.type, name: q.name, class: "IN" }],
    ...(q.edns ? { additionals: [OPT] } : {}),
  });

export const trouble = (kind: TroubleKind, reason: string): DnsTrouble => ({
  _tag: "Trouble",
  kind,
  reason,
});

const MALFORMED = trouble("malformed", "malformed answer");

const decode = (octets: Uint8Array): Packet | null => {
  if (!wellFormed(octets)) return null;
  try {
    return dnsPacket.decode(Buffer.from(octets.buffer, octets.byteOffset, octets.length));
  } catch {
    return null;
  }
};

const RCODE = 0x0f;
const FORMERR = 1;
const SERVFAIL = 2;
const NXDOMAIN = 3;
const NOTIMP = 4;
const REFUSED = 5;

/**
 * Null: not the answer to this question; the caller keeps waiting. RFC 5452 §9.1
 *
 * Over UDP the name must come back in the case in which it was sent; where only the case differs,
 * the server may be one that normalises, and TCP tells.
 */
export const readAnswer = (octets: Uint8Array, q: Query): Said | null => {
  const ours = octets.length >= 3 && ((octets[0]! << 8) | octets[1]!) === q.id &&
    (octets[2]! & 0x80) !== 0;
  if (!ours) return null;
  const packet = decode(octets);
  if (packet === null) return bare(octets, q) ?? MALFORMED;
  const question = packet.questions?.[0];
  if (question === undefined || question.type !== q.type || question.class !== "IN") return null;
  if (plainName(question.name) !== plainName(q.name)) return null;
  const flags = packet.flags ?? 0;
  if ((flags & dnsPacket.TRUNCATED_RESPONSE) !== 0) return { _tag: "Again", over: "tcp" };
  if (question.name !== q.name.replace(/\.$/, "")) return { _tag: "Again", over: "tcp" };
  return content(packet, flags, q, octets.length);
};

/** Old servers answer a query with EDNS by a header alone. RFC 6891 §7 */
const bare = (octets: Uint8Array, q: Query): Said | null => {
  const rcode = (octets[3] ?? 0) & RCODE;
  return q.edns && octets.length === 12 && (rcode === FORMERR || rcode === NOTIMP)
    ? { _tag: "Again", over: "plain" }
    : null;
};

const content = (packet: Packet, flags: number, q: Query, octets: number): Said => {
  const opt = packet.additionals?.find((r): r is OptAnswer => r.type === "OPT");
  const rcode = (flags & RCODE) | ((opt?.extendedRcode ?? 0) << 4);
  if (q.edns && opt === undefined && (rcode === FORMERR || rcode === NOTIMP)) {
    return { _tag: "Again", over: "plain" };
  }
  if (rcode !== 0 && rcode !== NXDOMAIN) return refused(rcode, opt);
  const answers = packet.answers ?? [];
  const { aliases, records } = follow(answers, q);
  const seen = {
    ad: (flags & dnsPacket.AUTHENTIC_DATA) !== 0,
    authoritative: (flags & dnsPacket.AUTHORITATIVE_ANSWER) !== 0,
    aliases,
  };
  if (records.length > 0) {
    return { _tag: "Records", ...seen, records, ttl: lowest(answers), octets };
  }
  // of the last name in the chain. RFC 6604 §3
  if (rcode === NXDOMAIN) return { _tag: "NoSuchDomain", ...seen, ttl: negative(packet) };
  const at = aliases.at(-1);
  const soa = packet.authorities?.some((r) => r.type === "SOA") ?? false;
  return at === undefined || soa
    ? { _tag: "NoData", ...seen, ttl: negative(packet), ...referral(packet, q.name) }
    : { _tag: "Alias", ...seen, target: at, ttl: lowest(answers) };
};

/** The lowest time to live; one that looks negative counts as none. RFC 2181 §8 */
const lowest = (answers: ReadonlyArray<Answer>): number =>
  answers.reduce((low, a) => Math.min(low, "ttl" in a ? ttlOf(a.ttl) : low), 0x7fffffff);

const ttlOf = (ttl: number | undefined): number =>
  ttl === undefined || ttl > 0x7fffffff || ttl < 0 ? 0 : ttl;

/** Without an SOA it is not to be kept. RFC 2308 §5 */
const negative = (packet: Packet): number => {
  for (const r of packet.authorities ?? []) {
    if (r.type === "SOA") {
      return Math.min(MAX_NEGATIVE, ttlOf(r.ttl), ttlOf(r.data.minimum));
    }
  }
  return 0;
};

const referral = (packet: Packet, name: string): { readonly referral?: ReadonlyArray<string> } => {
  const servers = (packet.authorities ?? []).flatMap((r) =>
    r.type === "NS" && plainName(r.name) === plainName(name) ? [plainName(r.data)] : []
  );
  return servers.length === 0 ? {} : { referral: servers };
};

/** Extended errors that say: validation failed. RFC 8914 §4.6 to §4.13, RFC 9276 §3.2 */
const BOGUS: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 11, 12, 27]);
const EXTENDED_ERROR = 15;

const refused = (rcode: number, opt: OptAnswer | undefined): DnsTrouble => {
  if (rcode === REFUSED) return trouble("refused", "server refused to answer");
  for (const o of opt?.options ?? []) {
    const code = Number(o.code);
    const data = o.data;
    if (code === EXTENDED_ERROR && data !== undefined && data.length >= 2) {
      if (BOGUS.has(data.readUInt16BE(0))) return trouble("bogus", BOGUS_REASON);
    }
  }
  return trouble(
    "servfail",
    rcode === SERVFAIL ? "server failed (SERVFAIL)" : `server answered with code ${rcode}`,
  );
};

export const BOGUS_REASON = "answer is bogus: DNSSEC validation failed";

/** Aliases in a row that are followed; a loop ends there too. */
export const MAX_ALIASES = 8;

/** The records asked for at the name or at what it is an alias of, and the names that led there. RFC 1034 §3.6.2 */
const follow = (answers: ReadonlyArray<Answer>, q: Query): {
  readonly aliases: ReadonlyArray<string>;
  readonly records: ReadonlyArray<DnsRecords[RecordType]>;
} => {
  const aliases: Array<string> = [];
  let at = plainName(q.name);
  for (let i = 0; i <= MAX_ALIASES; i++) {
    const here = answers.filter((a) => plainName(a.name) === at);
    const records = here.flatMap((a) => {
      const record = a.type === q.type && inInternet(a) ? readRecord(q.type, a) : null;
      return record === null ? [] : [record];
    });
    if (records.length > 0) return { aliases, records };
    const alias = here.find((a) => a.type === "CNAME");
    if (alias === undefined || alias.type !== "CNAME") break;
    at = plainName(alias.data);
    aliases.push(at);
  }
  return { aliases, records: [] };
};

const inInternet = (a: Answer): boolean => !("class" in a) || a.class === "IN";
