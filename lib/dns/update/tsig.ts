/** Signs DNS messages with a shared key and checks the answers. RFC 8945 §4.2, §4.3, §5.2 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { Redacted } from "effect";
import { CLASS, encodeName, encodeRecord, keyOf, Reader, TYPE, u16, u32 } from "../wire.ts";

/** MD5 and SHA-1 are not taken. RFC 8945 §6, TS-1 */
export const TSIG_ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

export interface TsigKey {
  /** A domain name without last dot. */
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Redacted.Redacted<Uint8Array>;
}

/** Seconds that clocks may differ. */
const FUDGE = 300;

/** TSIG's own codes, beside those of the header. */
const ERRORS: Readonly<Record<number, string>> = {
  16: "the signature does not fit the key (BADSIG); is the secret right?",
  17: "the server does not know this key (BADKEY)",
  22: "the signature is too short for the server (BADTRUNC)",
};
const BADTIME = 18;

export interface Signed {
  readonly octets: Uint8Array;
  readonly mac: Uint8Array;
}

const u48 = (n: number): Uint8Array => Buffer.concat([u16(Math.floor(n / 0x1_0000_0000)), u32(n)]);

const hmac = (key: TsigKey, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const h = createHmac(key.algorithm.slice("hmac-".length), Redacted.value(key.secret));
  for (const p of parts) h.update(p);
  return h.digest();
};

/** RFC 8945 §4.3.3 */
const variables = (
  key: TsigKey,
  time: number,
  fudge: number,
  error: number,
  other: Uint8Array,
): Uint8Array =>
  Buffer.concat([
    encodeName(key.name.toLowerCase()),
    u16(CLASS.ANY),
    u32(0),
    encodeName(key.algorithm),
    u48(time),
    u16(fudge),
    u16(error),
    u16(other.length),
    other,
  ]);

/** `message` without TSIG; `time` in seconds. */
export const signMessage = (message: Uint8Array, key: TsigKey, time: number): Signed => {
  const mac = hmac(key, message, variables(key, time, FUDGE, 0, new Uint8Array()));
  const data = Buffer.concat([
    encodeName(key.algorithm),
    u48(time),
    u16(FUDGE),
    u16(mac.length),
    mac,
    message.subarray(0, 2),
    u16(0),
    u16(0),
  ]);
  const record = encodeRecord(encodeName(key.name.toLowerCase()), TYPE.TSIG, CLASS.ANY, 0, data);
  return { octets: withAdditionals(Buffer.concat([message, record]), 1), mac };
};

/** The message with `by` added to its count of additional records. */
const withAdditionals = (message: Uint8Array, by: number): Uint8Array => {
  const out = Buffer.from(message);
  out.writeUInt16BE(out.readUInt16BE(10) + by, 10);
  return out;
};

export type Checked =
  | { readonly _tag: "Good" }
  /** Why it is not believed, or what the server disliked about our signature. */
  | { readonly _tag: "Bad"; readonly reason: string };

const bad = (reason: string): Checked => ({ _tag: "Bad", reason });

/** Whether an answer to exactly this request was signed with the key. TS-2..TS-4 */
export const checkResponse = (
  response: Uint8Array,
  key: TsigKey,
  requestMac: Uint8Array,
  now: number,
): Checked => {
  const found = lastRecord(response);
  if (found === null) return bad("the answer is not signed");
  const { start, record } = found;
  const r = new Reader(record.data);
  const algorithm = keyOf(r.name());
  const time = r.u16() * 0x1_0000_0000 + r.u32();
  const fudge = r.u16();
  const mac = r.take(r.u16());
  const originalId = r.take(2);
  const error = r.u16();
  const other = r.take(r.u16());
  const said = ERRORS[error];
  if (said !== undefined) return bad(said);
  if (keyOf(record.name) !== keyOf(encodeName(key.name.toLowerCase()))) {
    return bad("the answer is signed with another key");
  }
  if (algorithm !== keyOf(encodeName(key.algorithm))) {
    return bad("the answer is signed with another algorithm");
  }
  const stripped = withAdditionals(response.subarray(0, start), -1);
  stripped.set(originalId, 0);
  const want = hmac(
    key,
    u16(requestMac.length),
    requestMac,
    stripped,
    variables(key, time, fudge, error, other),
  );
  if (mac.length !== want.length || !timingSafeEqual(mac, want)) {
    return bad("the signature of the answer is wrong");
  }
  if (error === BADTIME) return bad(skew(other, now));
  if (error !== 0) return bad(`the server refused the signature with code ${error}`);
  if (Math.abs(now - time) > fudge) return bad("the answer is too old or from the future");
  return { _tag: "Good" };
};

/** The server's clock comes along with BADTIME. RFC 8945 §5.2.3 */
const skew = (other: Uint8Array, now: number): string => {
  if (other.length !== 6) return "the clocks differ too much (BADTIME)";
  const r = new Reader(other);
  const theirs = r.u16() * 0x1_0000_0000 + r.u32();
  const by = theirs - now;
  return `the clocks differ too much (BADTIME): the server's is ${Math.abs(by)} s ${
    by < 0 ? "behind" : "ahead of"
  } ours`;
};

/** The TSIG, which must stand last. RFC 8945 §5.1 */
const lastRecord = (message: Uint8Array) => {
  const r = new Reader(message, 4);
  const [questions, ...counts] = [r.u16(), r.u16(), r.u16(), r.u16()];
  for (let n = questions ?? 0; n > 0; n--) {
    r.name();
    r.take(4);
  }
  let last = null;
  for (let n = counts.reduce((a, b) => a + b, 0); n > 0; n--) {
    const start = r.at;
    last = { start, record: r.record() };
  }
  return last?.record.type === TYPE.TSIG ? last : null;
};
