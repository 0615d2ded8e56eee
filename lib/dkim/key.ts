/** A signing key: generating, writing as PEM, reading. RSA of 2048 bits, Ed25519. RFC 8301 §3.2, RFC 8463 §3 */
import { Buffer } from "node:buffer";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signNow,
} from "node:crypto";
import type { DkimKeyType, DkimRecord } from "../message/dkim/dkim_record.ts";
import type { DkimAlgorithm } from "../message/dkim/dkim_signature.ts";

export const ALGORITHM: Readonly<Record<DkimKeyType, DkimAlgorithm>> = {
  rsa: "rsa-sha256",
  ed25519: "ed25519-sha256",
};

/** RFC 8301 §3.2: shorter ones are not taken by verifiers. */
const MIN_BITS = 1024;
const BITS = 2048;

/** A new key in PKCS #8 PEM form. */
export const makeKey = (type: DkimKeyType): string => {
  const { privateKey } = type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: BITS })
    : generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
};

/** Signs octets; the signature in base64. */
export type Sign = (octets: Uint8Array<ArrayBuffer>) => Promise<string>;

export interface SigningKey {
  readonly type: DkimKeyType;
  readonly record: DkimRecord;
  readonly sign: Sign;
}

const HASH = "SHA-256";
const RSA = "RSASSA-PKCS1-v1_5";

/** Reads a key; throws what is wrong with it. */
export const readKey = async (pem: string): Promise<SigningKey> => {
  const key = createPrivateKey(pem);
  const type = key.asymmetricKeyType;
  if (type === "rsa") return await rsaKey(key);
  if (type === "ed25519") return ed25519Key(key);
  throw new Error("is neither an RSA nor an Ed25519 key");
};

/** WebCrypto signs off the event loop: an RSA signature takes milliseconds. */
const rsaKey = async (key: KeyObject): Promise<SigningKey> => {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) throw new Error(`has ${bits} bits; 2048 are usual and 1024 the least`);
  const der = key.export({ type: "pkcs8", format: "der" });
  const imported = await crypto.subtle.importKey(
    "pkcs8",
    Uint8Array.from(der),
    { name: RSA, hash: HASH },
    false,
    ["sign"],
  );
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    type: "rsa",
    record: { type: "rsa", key: spki.toString("base64") },
    sign: async (octets) =>
      Buffer.from(await crypto.subtle.sign(RSA, imported, octets)).toString("base64"),
  };
};

/** What is signed is the hash of the text. RFC 8463 §3 */
const ed25519Key = (key: KeyObject): SigningKey => {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    type: "ed25519",
    // the last 32 octets of the structure are the key itself. RFC 8463 §4.2
    record: { type: "ed25519", key: spki.subarray(-32).toString("base64") },
    sign: async (octets) => {
      const hash = new Uint8Array(await crypto.subtle.digest(HASH, octets));
      return signNow(null, hash, key).toString("base64");
    },
  };
};
