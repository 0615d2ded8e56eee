/**
 * Domain names and address literals as they stand in mailboxes. RFC 5321 §4.1.2, §4.1.3
 *
 * Compares and prints; looks nothing up.
 */
import { parseIp } from "./ip.ts";

/** A name: `ascii` is the lower-case A-label form that DNS and comparison use, `text` as it was written. */
export interface DomainName {
  readonly _tag: "Name";
  readonly ascii: string;
  readonly text: string;
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]`; `text` with its brackets. RFC 5321 §4.1.3 */
export interface Literal {
  readonly _tag: "Literal";
  readonly text: string;
}

/** The part of a mailbox behind the `@`: a name, or an address literal. RFC 5321 §4.1.2, §4.1.3 */
export type Domain = DomainName | Literal;

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
/** No part of a U-label: other ASCII, a hyphen at an end, and what UTS #46 drops without a word. */
const NO_LABEL =
  /[^A-Za-z0-9\u0080-\uffff-]|^-|-$|[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]/;
const NON_ASCII = /[\u0080-\uffff]/;

/** True where every character is below U+0080. */
export const isAscii = (s: string): boolean => !NON_ASCII.test(s);

/** One label to its A-label, or null where IDNA does not allow it. RFC 5891 §4 */
const toALabel = (label: string): string | null => {
  if (isAscii(label)) {
    if (label.length > 63 || !LABEL.test(label)) return null;
    const lower = label.toLowerCase();
    // an "xn--" that does not decode is no label
    return lower.startsWith("xn--") && viaUrl(lower) === null ? null : lower;
  }
  // "@", "%", a tab: what the URL parser gives a meaning of its own, or drops
  if (NO_LABEL.test(label) || label.normalize("NFC") !== label) return null;
  const a = viaUrl(label);
  return a !== null && a.startsWith("xn--") && a.length <= 63 && LABEL.test(a) ? a : null;
};

/** The URL parser is the one IDNA (UTS #46) implementation that every runtime carries. */
const viaUrl = (label: string): string | null => {
  try {
    const host = new URL(`http://${label}.example/`).hostname;
    // one label in, one out: a character that maps to "." (U+3002) or to nothing is refused
    return host.split(".").length === 2 && host.endsWith(".example")
      ? host.slice(0, -".example".length)
      : null;
  } catch {
    return null;
  }
};

const cache = new Map<string, DomainName | null>();

/**
 * A domain name of one or more labels, at most 255 octets, no trailing dot, no `_`; U-labels are
 * taken where `utf8` is set. Null where it is none. RFC 5321 §4.1.2, §4.5.3.1.2, RFC 6531 §3.3
 */
export const parseDomainName = (text: string, utf8 = true): DomainName | null => {
  if (text.length === 0 || text.length > 255) return null;
  if (!utf8 && !isAscii(text)) return null;
  const known = cache.get(text);
  if (known !== undefined) return known;
  const labels: Array<string> = [];
  let result: DomainName | null = null;
  for (const label of text.split(".")) {
    const a = toALabel(label);
    if (a === null) break;
    labels.push(a);
  }
  const ascii = labels.join(".");
  if (labels.length === text.split(".").length && ascii.length <= 255) {
    result = { _tag: "Name", ascii, text };
  }
  // names repeat; the bound keeps a flood of made-up ones from growing it
  if (cache.size >= 4096) cache.clear();
  cache.set(text, result);
  return result;
};

/** `[...]` with its brackets; IPv4, and IPv6 with its tag. Other tags are not known to us. RFC 5321 §4.1.3 */
export const parseLiteral = (text: string): Literal | null => {
  if (!text.startsWith("[") || !text.endsWith("]")) return null;
  const inner = text.slice(1, -1);
  const v6 = /^ipv6:/i.test(inner);
  const ip = parseIp(v6 ? inner.slice(5) : inner);
  return ip?.family === (v6 ? 6 : 4) ? { _tag: "Literal", text } : null;
};

/** Two or more labels. RFC 5321 §2.3.5 */
export const fullyQualified = (d: Domain): boolean => d._tag === "Literal" || d.ascii.includes(".");

/** The form that is compared: A-labels in lower case. */
export const domainKey = (d: Domain): string => d._tag === "Name" ? d.ascii : d.text.toLowerCase();
