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
  /** Recipients in a transaction, messages on a connection; null where not limited. RFC 9422 §4 */
  readonly rcptMax: number | null;
  readonly mailMax: number | null;
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
  rcptMax: null,
  mailMax: null,
};

const LIMIT = /^([A-Z]+)=([1-9]\d{0,5})$/;

/** Unknown limits are passed over, a list with a bad one is ignored whole. RFC 9422 §3.6 */
const limits = (words: ReadonlyArray<string>): Pick<Offer, "rcptMax" | "mailMax"> => {
  let rcptMax: number | null = null;
  let mailMax: number | null = null;
  for (const word of words) {
    const m = LIMIT.exec(word.toUpperCase());
    if (m === null) {
      if (/^(RCPT|MAIL)MAX(=|$)/i.test(word)) return { rcptMax: null, mailMax: null };
      continue;
    }
    if (m[1] === "RCPTMAX") rcptMax = Number(m[2]);
    if (m[1] === "MAILMAX") mailMax = Number(m[2]);
  }
  return { rcptMax, mailMax };
};

/** Reads the keyword lines; those not known to us, or not well formed, count for nothing. */
export const readOffer = (reply: ServerReply): Offer => {
  let offer = NO_OFFER;
  for (const line of reply.lines.slice(1)) {
    const [keyword = "", ...rest] = line.trim().split(/[ ]+/);
    switch (keyword.toUpperCase()) {
      case "PIPELINING":
        offer = { ...offer, pipelining: true };
        break;
      case "STARTTLS":
        offer = { ...offer, starttls: true };
        break;
      case "8BITMIME":
        offer = { ...offer, eightBitMime: true };
        break;
      case "SMTPUTF8":
        offer = { ...offer, smtpUtf8: true };
        break;
      case "SIZE": {
        const max = /^\d{1,20}$/.test(rest[0] ?? "") ? Number(rest[0]) : 0;
        offer = { ...offer, size: true, maxSize: max === 0 ? null : max };
        break;
      }
      case "AUTH":
        offer = { ...offer, auth: rest.map((m) => m.toUpperCase()) };
        break;
      case "LIMITS":
        offer = { ...offer, ...limits(rest) };
    }
  }
  return offer;
};
