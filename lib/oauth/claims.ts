/** The rules for a token's claims, once its issuer is verified. RFC 7519 §4, RFC 7662 §2.2 */
import type { TokenResult } from "../ports/tokens.ts";
import type { Issuer } from "./issuer.ts";

export type Claims = Readonly<Record<string, unknown>>;

export const invalid = (reason: string): TokenResult => ({ _tag: "Invalid", reason });

/** Clocks of others may differ by this much. RFC 7519 §4.1.4 */
export const LEEWAY_SECONDS = 30;

const words = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? value.split(" ")
    : Array.isArray(value)
    ? value.filter((v) => typeof v === "string")
    : [];

/** Scope and name; `scp` is what some issuers say for `scope`. RFC 8693 §4.2 */
export const admit = (issuer: Issuer, claims: Claims): TokenResult => {
  const granted = new Set([...words(claims["scope"]), ...words(claims["scp"])]);
  const missing = words(issuer.scope).filter((s) => s !== "" && !granted.has(s));
  if (missing.length > 0) return invalid("it lacks a scope");
  const login = claims[issuer.userClaim];
  if (typeof login !== "string" || login === "") return invalid(`it has no ${issuer.userClaim}`);
  // an address that anybody may claim proves nothing
  if (issuer.userClaim === "email" && claims["email_verified"] === false) {
    return invalid("its email is not verified");
  }
  return { _tag: "Valid", login };
};
