/**
 * What is kept of a password: the keys of SCRAM-SHA-256, and those of SCRAM-SHA-1 made with the same
 * salt. The former check PLAIN and LOGIN too; neither gives the password to anybody.
 * RFC 5802 §3, RFC 7677 §3
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramHash } from "../../envelope/login.ts";

/** The two keys that a verifier is made of, in the names of RFC 5802. */
export interface Keys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface Verifier extends Keys {
  /** 16 octets. */
  readonly salt: Uint8Array;
  /** PBKDF2 rounds, at least 4096. RFC 7677 §4 */
  readonly iterations: number;
  /** Null where the password was set before there were any: the next login that shows it makes them. */
  readonly sha1: Keys | null;
}

const encoder = new TextEncoder();

const BITS: Readonly<Record<ScramHash, number>> = { "SHA-1": 160, "SHA-256": 256 };
const NAME: Readonly<Record<ScramHash, string>> = { "SHA-1": "sha1", "SHA-256": "sha256" };

const hmac = (hash: ScramHash, key: Uint8Array, text: string): Uint8Array =>
  createHmac(NAME[hash], key).update(text, "utf8").digest();

/**
 * SaltedPassword and the keys made from it. `password` is prepared already. The rounds run on a
 * thread of the runtime, not on the event loop.
 */
export const deriveKeys = async (
  password: string,
  salt: Uint8Array,
  iterations: number,
  hash: ScramHash = "SHA-256",
): Promise<Keys> => {
  const secret = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, [
    "deriveBits",
  ]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash, salt: new Uint8Array(salt), iterations },
    secret,
    BITS[hash],
  );
  const salted = new Uint8Array(bits);
  const clientKey = hmac(hash, salted, "Client Key");
  return {
    storedKey: createHash(NAME[hash]).update(clientKey).digest(),
    serverKey: hmac(hash, salted, "Server Key"),
  };
};

/** A verifier with a fresh salt for a prepared password. */
export const makeVerifier = async (password: string, iterations: number): Promise<Verifier> => {
  const salt = new Uint8Array(randomBytes(16));
  const keys = await deriveKeys(password, salt, iterations);
  return await withSha1({ salt, iterations, ...keys, sha1: null }, password);
};

/** The same verifier with keys for SHA-1 besides. */
export const withSha1 = async (v: Verifier, password: string): Promise<Verifier> => ({
  ...v,
  sha1: await deriveKeys(password, v.salt, v.iterations, "SHA-1"),
});

/** Costs the same whether the password is right or not. */
export const checkPassword = async (verifier: Verifier, password: string): Promise<boolean> => {
  const keys = await deriveKeys(password, verifier.salt, verifier.iterations);
  return timingSafeEqual(keys.storedKey, verifier.storedKey);
};

/**
 * A verifier for a name that has none: the same for the same name, so that its salt (which SCRAM
 * shows) does not tell that nobody has it; no password fits. RFC 5802 §5.1
 */
export const fakeVerifier = (secret: Uint8Array, name: string, iterations: number): Verifier => {
  const keys = (hash: ScramHash): Keys => ({
    storedKey: hmac(hash, secret, `stored\0${name}`),
    serverKey: hmac(hash, secret, `server\0${name}`),
  });
  return {
    salt: hmac("SHA-256", secret, `salt\0${name}`).slice(0, 16),
    iterations,
    ...keys("SHA-256"),
    sha1: keys("SHA-1"),
  };
};
