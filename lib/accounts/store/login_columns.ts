/** The columns of an account that say how it signs in. */
import type { SQLOutputValue } from "node:sqlite";
import { isStrength, type Strength } from "../../envelope/strength.ts";
import type { Verifier } from "./verifier.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

export const octets = (v: SQLOutputValue | undefined): Uint8Array =>
  v instanceof Uint8Array ? v : new Uint8Array(0);

export const verifierOf = (a: Row): Verifier => ({
  salt: octets(a["salt"]),
  iterations: Number(a["iterations"]),
  storedKey: octets(a["stored_key"]),
  serverKey: octets(a["server_key"]),
  sha1: a["sha1_stored_key"] === null ? null : {
    storedKey: octets(a["sha1_stored_key"]),
    serverKey: octets(a["sha1_server_key"]),
  },
});

/** In the order in which `VERIFIER_COLUMNS` has them. */
export const verifierValues = (v: Verifier) =>
  [
    v.salt,
    v.iterations,
    v.storedKey,
    v.serverKey,
    v.sha1?.storedKey ?? null,
    v.sha1?.serverKey ?? null,
  ] as const;

export const VERIFIER_COLUMNS =
  "salt, iterations, stored_key, server_key, sha1_stored_key, sha1_server_key";

export const strengthOf = (a: Row): Strength => {
  const text = a["minimum"];
  if (typeof text === "string" && isStrength(text)) return text;
  throw new Error("the store holds a minimum mechanism that is none");
};

export const importedOf = (a: Row): string | null =>
  typeof a["imported"] === "string" ? a["imported"] : null;
