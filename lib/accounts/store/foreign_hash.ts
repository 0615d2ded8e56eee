/**
 * Password hashes that came from other servers: good for checking the next login that shows the password,
 * never made here. crypt(3) by SHA-2 and bcrypt, salted digests as in LDAP (RFC 2307 §5.3), and the
 * keys of SCRAM-SHA-256, which need no such login.
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import type { Verifier } from "./verifier.ts";

export type Foreign =
  | { readonly _tag: "Keys"; readonly verifier: Verifier }
  | {
    readonly _tag: "Digest";
    readonly hash: string;
    readonly digest: Uint8Array;
    readonly salt: Uint8Array;
  }
  | { readonly _tag: "ShaCrypt"; readonly text: string }
  | { readonly _tag: "Bcrypt"; readonly text: string };

/** Costs beyond these would keep a thread busy for seconds. */
const MOST_ROUNDS = 1_000_000;
const MOST_COST = 14;
const FEWEST_ITERATIONS = 4096;
const MOST_ITERATIONS = 10_000_000;

/** What is taken, for people. */
export const FOREIGN_FORMS =
  "$6$ or $5$ (crypt), $2a$, $2b$ or $2y$ (bcrypt), {SSHA}, {SSHA256}, " +
  "{SSHA512}, {SHA}, or {SCRAM-SHA-256}";

/** By which Dovecot says what the text itself says as well. */
const PREFIX = /^\{(?:CRYPT|SHA512-CRYPT|SHA256-CRYPT|BLF-CRYPT)\}(?=\$)/i;

const SHA_CRYPT = /^\$[56]\$(?:rounds=(\d{1,9})\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43,86}$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/;
const DIGEST = /^\{(SHA|SSHA|SSHA256|SSHA512)\}([A-Za-z0-9+/]+={0,2})$/i;
const SCRAM =
  /^\{SCRAM-SHA-256\}(\d{1,8}),([A-Za-z0-9+/]+=*),([A-Za-z0-9+/]+=*),([A-Za-z0-9+/]+=*)$/i;

const DIGESTS: Readonly<Record<string, readonly [string, number]>> = {
  SHA: ["sha1", 20],
  SSHA: ["sha1", 20],
  SSHA256: ["sha256", 32],
  SSHA512: ["sha512", 64],
};

const octets = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** Null where the text is none that is known, or would cost too much. */
export const readForeign = (given: string): Foreign | null => {
  const text = given.trim().replace(PREFIX, "");
  const sha = SHA_CRYPT.exec(text);
  if (sha !== null) {
    return Number(sha[1] ?? 5000) <= MOST_ROUNDS ? { _tag: "ShaCrypt", text } : null;
  }
  const bcrypt = BCRYPT.exec(text);
  if (bcrypt !== null) return Number(bcrypt[1]) <= MOST_COST ? { _tag: "Bcrypt", text } : null;
  return digestOf(text) ?? keysOf(text);
};

const digestOf = (text: string): Foreign | null => {
  const [, scheme = "", base64 = ""] = DIGEST.exec(text) ?? [];
  const [hash, length] = DIGESTS[scheme.toUpperCase()] ?? [];
  const all = octets(base64);
  if (hash === undefined || length === undefined || all.length < length) return null;
  if (scheme.toUpperCase() === "SHA" && all.length !== length) return null;
  return { _tag: "Digest", hash, digest: all.subarray(0, length), salt: all.subarray(length) };
};

const keysOf = (text: string): Foreign | null => {
  const [, count = "", salt = "", stored = "", server = ""] = SCRAM.exec(text) ?? [];
  const verifier: Verifier = {
    salt: octets(salt),
    iterations: Number(count),
    storedKey: octets(stored),
    serverKey: octets(server),
    sha1: null,
  };
  const good = verifier.iterations >= FEWEST_ITERATIONS && verifier.iterations <= MOST_ITERATIONS &&
    verifier.storedKey.length === 32 && verifier.serverKey.length === 32 &&
    verifier.salt.length >= 8;
  return good ? { _tag: "Keys", verifier } : null;
};

/** For `Digest`, which costs nothing. */
export const digestFits = (f: Foreign & { readonly _tag: "Digest" }, password: string): boolean =>
  timingSafeEqual(createHash(f.hash).update(password, "utf8").update(f.salt).digest(), f.digest);
