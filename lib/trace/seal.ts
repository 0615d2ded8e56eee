/**
 * Sealed tokens, which only the site can open, as in Received. AES-256-GCM, RFC 5116 §5.2
 *
 * A token says which key sealed it, so that older keys still open what they sealed.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const KEY = 32, ID = 4, IV = 12, TAG = 16;
const VERSION = 1;

interface Key {
  readonly id: Buffer;
  readonly octets: Buffer;
}

export interface Sealer {
  /** A token of letters, digits, `-` and `_`. */
  readonly seal: (text: string) => string;
  /** Null: not ours, or changed on the way. White space in it does not count. */
  readonly unseal: (token: string) => string | null;
}

/** A line for a key file. */
export const newKeyLine = (): string => randomBytes(KEY).toString("base64");

/** `file`: a key a line in base64; the first one seals, all of them open. Null where a line is no key. */
export const readSealer = (file: string): Sealer | null => {
  const keys: Array<Key> = [];
  for (const line of file.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const octets = Buffer.from(line.trim(), "base64");
    if (octets.length !== KEY) return null;
    keys.push({ id: createHash("sha256").update(octets).digest().subarray(0, ID), octets });
  }
  const [head] = keys;
  if (head === undefined) return null;
  return { seal: (text) => seal(head, text), unseal: (token) => unseal(keys, token) };
};

const seal = (key: Key, text: string): string => {
  const iv = randomBytes(IV);
  const start = Buffer.concat([Buffer.from([VERSION]), key.id]);
  const cipher = createCipheriv(CIPHER, key.octets, iv).setAAD(start);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([start, iv, sealed, cipher.getAuthTag()]).toString("base64url");
};

const unseal = (keys: ReadonlyArray<Key>, token: string): string | null => {
  const all = Buffer.from(token.replace(/[^A-Za-z0-9_-]/g, ""), "base64url");
  if (all.length < 1 + ID + IV + TAG || all[0] !== VERSION) return null;
  const start = all.subarray(0, 1 + ID);
  const key = keys.find((k) => k.id.equals(start.subarray(1)));
  if (key === undefined) return null;
  const body = all.subarray(1 + ID + IV, all.length - TAG);
  try {
    const decipher = createDecipheriv(CIPHER, key.octets, all.subarray(1 + ID, 1 + ID + IV));
    decipher.setAAD(start).setAuthTag(all.subarray(all.length - TAG));
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
};
