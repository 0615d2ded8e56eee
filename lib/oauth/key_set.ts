/** The public keys of an issuer: from a file, or from a URL with a cache. RFC 7517 §5 */
import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from "jose";

/** Milliseconds: one look at the issuer, least time between two, and how long keys are believed. */
const TIMEOUT = 5_000;
const COOLDOWN = 30_000;
const CACHE = 600_000;

export type KeySet = () => Promise<JWTVerifyGetKey>;

/** Keys are fetched when first needed, when unknown ones are asked for, and when they are old. */
export const keysAt = (url: string): KeySet => {
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: TIMEOUT,
    cooldownDuration: COOLDOWN,
    cacheMaxAge: CACHE,
  });
  return () => Promise.resolve(keys);
};

export const keysIn = (path: string): KeySet => {
  let read: { readonly stamp: string; readonly keys: JWTVerifyGetKey } | null = null;
  return async () => {
    const { mtime, size } = await Deno.stat(path);
    const stamp = `${mtime?.getTime()} ${size}`;
    if (read?.stamp !== stamp) {
      read = { stamp, keys: createLocalJWKSet(JSON.parse(await Deno.readTextFile(path))) };
    }
    return read.keys;
  };
};
