/**
 * Converts between "one char per octet" (latin1), the form of header text, and characters, the form of addresses
 * and names. RFC 6532 §3.1
 */
import { isAscii } from "../address/domain.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A call takes a limited number of arguments. */
const SLICE = 8192;

/** One char per octet. */
export const latin1 = (octets: Uint8Array): string => {
  if (octets.length <= SLICE) return charsOf(octets);
  let out = "";
  for (let i = 0; i < octets.length; i += SLICE) out += charsOf(octets.subarray(i, i + SLICE));
  return out;
};

/** `apply` takes the array as it is; spreading it would walk an iterator. */
const charsOf = (octets: Uint8Array): string =>
  String.fromCharCode.apply(null, octets as unknown as Array<number>);

/** Octets of text that is one char each. */
export const octetsOf = (latin1: string): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i++) out[i] = latin1.charCodeAt(i);
  return out;
};

/** Characters of octets that are UTF-8; null where they are not. */
export const decodeUtf8 = (latin1: string): string | null => {
  if (isAscii(latin1)) return latin1;
  try {
    return strict.decode(octetsOf(latin1));
  } catch {
    return null;
  }
};

/** Octets of characters, one char each. */
export const encodeUtf8 = (text: string): string => {
  if (isAscii(text)) return text;
  let out = "";
  for (const octet of encoder.encode(text)) out += String.fromCharCode(octet);
  return out;
};

/** At most `max` characters of `text`, unprintable and non-ASCII ones as `?`, for facts and replies. */
export const clip = (text: string, max: number): string => {
  const short = text.length > max ? `${text.slice(0, max - 3)}...` : text;
  return short.replace(/[^\x20-\x7e]/g, "?");
};
