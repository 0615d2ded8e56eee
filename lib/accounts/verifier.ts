/**
 * What is kept of a password: the keys of SCRAM-SHA-256. They check PLAIN and LOGIN now, serve SCRAM
 * unchanged, and give the password to nobody. RFC 5802 §3, RFC 7677 §3
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface Verifier {
  /** 16 octets. */
  readonly salt: Uint8Array;
  /** PBKDF2 rounds, at least 4096. RFC 7677 §4 */
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The two keys that a verifier is made of, in the names of RFC 5802. */
export interface Keys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

const encoder = new TextEncoder();

const hmac = (key: Uint8Array, text: string): Uint8Array =>
  createHmac("sha256", key).update(text, "utf8").digest();

/**
 * SaltedPassword and the keys made from it. `password` is prepared already. The rounds run on a
 * thread of the runtime, not on the event loop.
 */
export const deriveKeys = async (
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Keys> => {
  const secret = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, [
    "deriveBits",
  ]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations },
    secret,
    256,
  );
  const salted = new Uint8Array(bits);
  const clientKey = hmac(salted, "Client Key");
  return {
    storedKey: createHash("sha256").update(clientKey).digest(),
    serverKey: hmac(salted, "Server Key"),
  };
};

/** A verifier with a fresh salt for a prepared password. */
export const makeVerifier = async (password: string, iterations: number): Promise<Verifier> => {
  const salt = new Uint8Array(randomBytes(16));
  return { salt, iterations, ...await deriveKeys(password, salt, iterations) };
};

/** Costs the same whether the password is right or not. */
export const checkPassword = async (verifier: Verifier, password: string): Promise<boolean> => {
  const keys = await deriveKeys(password, verifier.salt, verifier.iterations);
  return timingSafeEqual(keys.storedKey, verifier.storedKey);
};

/**
 * A verifier for a name that has none: the same for the same name, so that its salt (which SCRAM
 * shows) does not tell that nobody has it; no password fits. RFC 5802 §5.1
 */
export const fakeVerifier = (secret: Uint8Array, name: string, iterations: number): Verifier => ({
  salt: hmac(secret, `salt\0${name}`).slice(0, 16),
  iterations,
  storedKey: hmac(secret, `stored\0${name}`),
  serverKey: hmac(secret, `server\0${name}`),
});
