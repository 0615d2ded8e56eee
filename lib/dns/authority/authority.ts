/**
 * Answers a query for the zones we are authoritative for: octets in, octets out. No recursion, no transfer, no
 * update; queries for other names are refused. RFC 1034 §4.3.2, RFC 8906 §3
 */
import { Buffer } from "node:buffer";
import {
  BadMessage,
  CLASS,
  encodeRecord,
  keyOf,
  lowered,
  RCODE,
  Reader,
  TYPE,
  u16,
  type WireRecord,
} from "../wire.ts";
import { parent, type Zone, type ZoneSet } from "./zone.ts";

/** Octets that we take over UDP, and send at most. RFC 9715 §3 */
const UDP_SIZE = 1232;
const PLAIN_SIZE = 512;
const MAX_ALIASES = 8;

/** The kind of an answer, for rate limits: answers of one kind look alike to their target. */
export type Outcome = "answer" | "nodata" | "nxdomain" | "error";

export interface Reply {
  readonly octets: Uint8Array;
  readonly outcome: Outcome;
  /** The same with nothing in it but the TC bit: come again over TCP. */
  readonly truncated: Uint8Array;
}

interface Query {
  readonly header: Uint8Array;
  /** As it came, letter case included. NS-2 */
  readonly question: Uint8Array;
  readonly name: string;
  readonly type: number;
  readonly cls: number;
  readonly opt: WireRecord | null;
}

interface Sections {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: ReadonlyArray<Uint8Array>;
  readonly authorities: ReadonlyArray<Uint8Array>;
}

const sections = (rcode: number, authoritative = false): Sections => ({
  rcode,
  authoritative,
  answers: [],
  authorities: [],
});

const QR = 0x80;
const OPCODE = 0x78;
const AA = 0x04;
const TC = 0x02;
const RD = 0x01;
const CD = 0x10;
const DO = 0x8000;

/** Null: no answer is the answer. NS-13 */
export const respond = (
  zones: ReadonlyArray<Zone>,
  octets: Uint8Array,
  transport: "udp" | "tcp",
): Reply | null => {
  if (octets.length < 12 || ((octets[2] ?? 0) & QR) !== 0) return null;
  const header = octets.subarray(0, 12);
  const { query, opt } = readQuery(octets);
  // an OPT is answered by one, whatever else is wrong. NS-14, RFC 6891 §6.1.1, RFC 8906 §3.1.4
  if (((octets[2] ?? 0) & OPCODE) !== 0) return bare(header, RCODE.NOTIMP, opt);
  if (query === null) {
    return bare(header, opt !== null && version(opt) > 0 ? BADVERS : RCODE.FORMERR, opt);
  }
  const said = query.opt !== null && version(query.opt) > 0
    ? sections(BADVERS) // NS-10
    : lookUp(zones, query);
  const limit = transport === "tcp" ? 65535 : sizeFor(query.opt);
  const truncated = encode(query, { ...said, answers: [], authorities: [] }, true);
  const whole = encode(query, said, false);
  return { octets: whole.length > limit ? truncated : whole, outcome: outcomeOf(said), truncated };
};

const BADVERS = 16;

const version = (opt: WireRecord): number => (opt.ttl >>> 16) & 0xff;

/** NS-11. RFC 6891 §6.2.3 */
const sizeFor = (opt: WireRecord | null): number =>
  opt === null ? PLAIN_SIZE : Math.min(UDP_SIZE, Math.max(PLAIN_SIZE, opt.cls));

const outcomeOf = (s: Sections): Outcome =>
  s.answers.length > 0
    ? "answer"
    : s.rcode === RCODE.NXDOMAIN
    ? "nxdomain"
    : s.rcode === RCODE.NOERROR
    ? "nodata"
    : "error";

/** A header alone, or with the OPT that is due. */
const bare = (header: Uint8Array, rcode: number, asked: WireRecord | null): Reply => {
  const opt = asked === null ? [] : [optFor(asked, rcode >> 4)];
  const octets = Buffer.concat([
    header.subarray(0, 2),
    Uint8Array.of(QR | ((header[2] ?? 0) & (OPCODE | RD)), rcode & 0x0f),
    new Uint8Array(6),
    u16(opt.length),
    ...opt,
  ]);
  return { octets, outcome: "error", truncated: octets };
};

/** What a message asks; `query` is null where it is not what it says it is, `opt` null where no OPT was come to. */
interface Heard {
  readonly query: Query | null;
  readonly opt: WireRecord | null;
}

/**
 * One question and perhaps an OPT. A message without a question, with several, with a second OPT or cut off behind its
 * OPT is no query, and its OPT is told all the same. NS-13, NS-19
 */
const readQuery = (octets: Uint8Array): Heard => {
  let opt: WireRecord | null = null;
  try {
    const r = new Reader(octets, 4);
    const [questions, answers, authorities, additionals] = [r.u16(), r.u16(), r.u16(), r.u16()];
    const asked = Array.from(
      { length: questions },
      () => ({ name: keyOf(r.name(false)), type: r.u16(), cls: r.u16() }),
    );
    const question = octets.subarray(12, r.at);
    for (let n = answers + authorities; n > 0; n--) r.record();
    for (let n = additionals; n > 0; n--) {
      const record = r.record();
      if (record.type !== TYPE.OPT) continue;
      // more than one, or not at the root. RFC 6891 §6.1.1
      if (opt !== null || record.name.length !== 1) return { query: null, opt };
      opt = record;
    }
    const [only] = asked;
    return only === undefined || asked.length > 1
      ? { query: null, opt }
      : { query: { header: octets.subarray(0, 12), question, ...only, opt }, opt };
  } catch (e) {
    if (e instanceof BadMessage) return { query: null, opt };
    throw e;
  }
};

/** IXFR and AXFR: no transfers. NS-15 */
const TRANSFERS: ReadonlySet<number> = new Set([251, 252]);
/** Types that stand in queries or messages only, and are none of ours. RFC 6895 §3.1 */
const META: ReadonlySet<number> = new Set([249, 250, 253, 254]);

const lookUp = (zones: ReadonlyArray<Zone>, q: Query): Sections => {
  if (q.type === TYPE.OPT) return sections(RCODE.FORMERR);
  if (q.cls !== CLASS.IN || TRANSFERS.has(q.type)) return sections(RCODE.REFUSED);
  if (META.has(q.type)) return sections(RCODE.NOTIMP);
  const answers: Array<Uint8Array> = [];
  let name = q.name;
  for (let aliases = 0;; aliases++) {
    const zone = zoneOf(zones, name);
    if (zone === null) {
      return { ...sections(answers.length > 0 ? 0 : RCODE.REFUSED, answers.length > 0), answers };
    }
    const node = zone.nodes.get(name);
    if (node === undefined) return { ...negative(zone, RCODE.NXDOMAIN), answers };
    const sets = matching(node, q.type);
    const [alias] = node.filter((s) => s.type === TYPE.CNAME);
    if (sets.length === 0 || aliases > MAX_ALIASES) {
      // what ANY may be answered with where there is nothing to pick. RFC 8482 §4.2
      return { ...negative(zone, RCODE.NOERROR), answers };
    }
    const owner = Buffer.from(name, "latin1");
    answers.push(...sets.flatMap((s) => records(owner, s)));
    const followed = alias !== undefined && q.type !== TYPE.CNAME && q.type !== TYPE.ANY;
    if (!followed) return { ...sections(RCODE.NOERROR, true), answers };
    name = keyOf(lowered(alias.data[0] ?? new Uint8Array()));
  }
};

/** The zone with the longest name that `name` is in. */
const zoneOf = (zones: ReadonlyArray<Zone>, name: string): Zone | null => {
  for (let up = name; up.length > 1; up = parent(up)) {
    const found = zones.find((z) => z.key === up);
    if (found !== undefined) return found;
  }
  return null;
};

/** An alias stands for every type; ANY gets one set only. NS-7, NS-12, RFC 8482 §4.1 */
const matching = (node: ReadonlyArray<ZoneSet>, type: number): ReadonlyArray<ZoneSet> =>
  type === TYPE.ANY
    ? node.slice(0, 1)
    : node.filter((s) => s.type === type || s.type === TYPE.CNAME);

const negative = (zone: Zone, rcode: number): Sections => ({
  ...sections(rcode, true),
  authorities: records(Buffer.from(zone.key, "latin1"), zone.negative),
});

const records = (owner: Uint8Array, s: ZoneSet): ReadonlyArray<Uint8Array> =>
  s.data.map((d) => encodeRecord(owner, s.type, CLASS.IN, s.ttl, d));

const encode = (q: Query, s: Sections, truncated: boolean): Uint8Array => {
  const opt = q.opt === null ? [] : [optFor(q.opt, s.rcode >> 4)];
  return Buffer.concat([
    q.header.subarray(0, 2),
    Uint8Array.of(
      QR | (s.authoritative ? AA : 0) | (truncated ? TC : 0) | ((q.header[2] ?? 0) & RD),
      ((q.header[3] ?? 0) & CD) | (s.rcode & 0x0f),
    ),
    u16(1),
    u16(s.answers.length),
    u16(s.authorities.length),
    u16(opt.length),
    q.question,
    ...s.answers,
    ...s.authorities,
    ...opt,
  ]);
};

/** NS-9: our size, version 0, DO as asked; options are not for us. */
const optFor = (asked: WireRecord, extended: number): Uint8Array =>
  encodeRecord(
    Uint8Array.of(0),
    TYPE.OPT,
    UDP_SIZE,
    extended * 0x100_0000 + (asked.ttl & DO),
    new Uint8Array(),
  );
