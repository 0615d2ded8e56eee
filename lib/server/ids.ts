/** Queue ids and Message-IDs from the clock and the runtime's random numbers. */
import { Layer } from "effect";
import { Ids } from "../ports/ids.ts";

/** Crockford's alphabet in lower case: no letter that reads like another. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

const encode = (value: number, digits: number): string => {
  let out = "";
  for (let v = value, i = 0; i < digits; i++) {
    out = ALPHABET[v % 32]! + out;
    v = Math.floor(v / 32);
  }
  return out;
};

const pool = new Uint8Array(4096);
let at = pool.length;
/** `n` random octets, asked for in larger lots. */
const random = (n: number): Uint8Array => {
  if (at + n > pool.length) {
    crypto.getRandomValues(pool);
    at = 0;
  }
  at += n;
  return pool.subarray(at - n, at);
};

const randomText = (octets: number): string => {
  let out = "";
  for (const b of random(octets)) out += ALPHABET[b & 31]!;
  return out;
};

/** Queue ids of 17 characters and left sides of Message-IDs of 26, unique among processes. RFC 5322 §3.6.4 */
export const idsLayer: Layer.Layer<Ids> = Layer.sync(Ids, () =>
  Ids.of({
    // nine digits of milliseconds last until the year 3084, eight random ones keep processes apart
    queueId: () => encode(Date.now(), 9) + randomText(8),
    // 26 digits of five bits: 130 random bits
    messageIdLeft: () => randomText(26),
  }));
