/** The arithmetic of SCRAM's last two messages. RFC 5802 §3, RFC 7677 §3 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ScramHash } from "../envelope/login.ts";

const HASH = { "SHA-1": sha1, "SHA-256": sha256 } as const;

/** Takes the same time wherever they differ. */
const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  let differ = 0;
  for (let i = 0; i < a.length; i++) differ |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return differ === 0;
};

/** Whether H(proof XOR ClientSignature) is the StoredKey. `message` is the AuthMessage. */
export const proofHolds = (
  hash: ScramHash,
  storedKey: Uint8Array,
  message: Uint8Array,
  proof: Uint8Array,
): boolean => {
  const signature = hmac(HASH[hash], storedKey, message);
  if (proof.length !== signature.length) return false;
  const clientKey = signature.map((octet, i) => octet ^ (proof[i] ?? 0));
  return equal(HASH[hash](clientKey), storedKey);
};

/** By which the server shows that it has the keys. */
export const serverSignature = (
  hash: ScramHash,
  serverKey: Uint8Array,
  message: Uint8Array,
): Uint8Array => hmac(HASH[hash], serverKey, message);
