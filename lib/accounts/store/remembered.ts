/**
 * Logins that succeeded a moment ago, so that a program that signs in for every message pays for
 * one hash only. Keeps keyed digests under a key that dies with the process; never a password.
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface Remembered {
  /** In hex. Names the pair of account and password without revealing it; also used to join equal questions. */
  readonly digest: (account: string, password: string) => string;
  readonly knows: (account: string, digest: string, now: number) => boolean;
  readonly add: (account: string, digest: string, now: number) => void;
  readonly forget: () => void;
}

const MOST = 10_000;

/** `forMillis` zero: remembers nothing. */
export const makeRemembered = (forMillis: number): Remembered => {
  const key = randomBytes(32);
  const known = new Map<string, { readonly digest: Uint8Array; readonly until: number }>();
  return {
    digest: (account, password) =>
      createHmac("sha256", key).update(`${account}\0${password}`, "utf8").digest("hex"),
    knows: (account, digest, now) => {
      const entry = known.get(account);
      if (entry === undefined) return false;
      // a clock that was set back must not stretch it
      if (now < entry.until && entry.until <= now + forMillis) {
        return timingSafeEqual(entry.digest, Buffer.from(digest));
      }
      known.delete(account);
      return false;
    },
    add: (account, digest, now) => {
      if (forMillis <= 0) return;
      known.delete(account);
      known.set(account, { digest: Buffer.from(digest), until: now + forMillis });
      for (const oldest of known.keys()) {
        if (known.size <= MOST) break;
        known.delete(oldest);
      }
    },
    forget: () => known.clear(),
  };
};
