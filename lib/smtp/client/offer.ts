/** What a server offered in its EHLO or LHLO reply. RFC 5321 §4.1.1.1 */
import type { ServerReply } from "./reply_reader.ts";

export interface Offer {
  readonly pipelining: boolean;
  readonly starttls: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  /** The SIZE keyword is there, so that MAIL may carry the parameter. RFC 1870 §4 */
  readonly size: boolean;
  /** Octets; null where there is no fixed limit. RFC 1870 §4 */
  readonly maxSize: number | null;
  /** SASL mechanisms in upper case. RFC 4954 §3 */
  readonly auth: ReadonlyArray<string>;
  /** RFC 3461 */
  readonly dsn: boolean;
  /** RFC 3030 */
  readonly chunking: boolean;
  readonly binaryMime: boolean;
  /** RFC 8689 */
  readonly requireTls: boolean;
  /** RFC 6710 */
  readonly mtPriority: boolean;
  /** RFC 7293 */
  readonly rrvs: boolean;
  /** Least seconds for mode R, 0 where none is announced; null: not offered. RFC 2852 §3 */
  readonly deliverBy: number | null;
  /** Recipients in a transaction, messages on a connection; null where not limited. RFC 9422 §4 */
  readonly rcptMax: number | null;
  readonly mailMax: number | null;
  /** Domains of recipients on a connection. RFC 9422 §4.3 */
  readonly rcptDomainMax: number | null;
}

/** What a server that knows only HELO offers. RFC 5321 §3.2 */
export const NO_OFFER: Offer = {
  pipelining: false,
  starttls: false,
  eightBitMime: false,
  smtpUtf8: false,
  size: false,
  maxSize: null,
  auth: [],
  dsn: false,
  chunking: false,
  binaryMime: false,
  requireTls: false,
  mtPriority: false,
  rrvs: false,
  deliverBy: null,
  rcptMax: null,
  mailMax: null,
  rcptDomainMax: null,
};

const LIMIT = /^([A-Z]+)=([1-9]\d{0,5})$/;
const OURS = /^(RCPT|MAIL|RCPTDOMAIN)MAX(=|$)/i;

type Limits = Pick<Offer, "rcptMax" | "mailMax" | "rcptDomainMax">;
const NO_LIMITS: Limits = { rcptMax: null, mailMax: null, rcptDomainMax: null };

/** Unknown limits are passed over, a list with a bad one is ignored whole. RFC 9422 §3.6 */
const limits = (words: ReadonlyArray<string>): Limits => {
  let out = NO_LIMITS;
  for (const word of words) {
    const m = LIMIT.exec(word.toUpperCase());
    if (m === null) {
      if (OURS.test(word)) return NO_LIMITS;
      continue;
    }
    if (m[1] === "RCPTMAX") out = { ...out, rcptMax: Number(m[2]) };
    if (m[1] === "MAILMAX") out = { ...out, mailMax: Number(m[2]) };
    if (m[1] === "RCPTDOMAINMAX") out = { ...out, rcptDomainMax: Number(m[2]) };
  }
  return out;
};

/** Keywords that say all by being there. */
const PLAIN: ReadonlyMap<string, Partial<Offer>> = new Map([
  ["PIPELINING", { pipelining: true }],
  ["STARTTLS", { starttls: true }],
  ["8BITMIME", { eightBitMime: true }],
  ["SMTPUTF8", { smtpUtf8: true }],
  ["DSN", { dsn: true }],
  ["CHUNKING", { chunking: true }],
  ["BINARYMIME", { binaryMime: true }],
  ["REQUIRETLS", { requireTls: true }],
  ["MT-PRIORITY", { mtPriority: true }],
  ["RRVS", { rrvs: true }],
]);

/** Reads the keyword lines; those not known to us, or not well formed, count for nothing. */
export const readOffer = (reply: ServerReply): Offer => {
  let offer = NO_OFFER;
  for (const line of reply.lines.slice(1)) {
    const [keyword = "", ...rest] = line.trim().split(/[ ]+/);
    const plain = PLAIN.get(keyword.toUpperCase());
    if (plain !== undefined) offer = { ...offer, ...plain };
    switch (keyword.toUpperCase()) {
      case "SIZE": {
        const max = /^\d{1,20}$/.test(rest[0] ?? "") ? Number(rest[0]) : 0;
        offer = { ...offer, size: true, maxSize: max === 0 ? null : max };
        break;
      }
      case "AUTH":
        offer = { ...offer, auth: rest.map((m) => m.toUpperCase()) };
        break;
      case "DELIVERBY":
        offer = { ...offer, deliverBy: /^\d{1,9}$/.test(rest[0] ?? "") ? Number(rest[0]) : 0 };
        break;
      case "LIMITS":
        offer = { ...offer, ...limits(rest) };
    }
  }
  return offer;
};
