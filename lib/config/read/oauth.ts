/** Turns `[[auth.oauth]]` entries into issuers, and reports those that contradict themselves. */
import { Redacted } from "effect";
import type { Issuer, TokenSource } from "../../oauth/issuer.ts";
import { secretIn, type Surroundings } from "../values/secret.ts";
import { isUrl, type OauthEntry } from "../schema/auth.ts";

/** `report(key, message)`: `key` is one of the entry's. */
type Report = (key: keyof OauthEntry, message: string) => void;

/** The issuer of one entry; null where `report` was called. */
export const issuerOf = (
  entry: OauthEntry,
  around: Surroundings,
  report: Report,
): Issuer | null => {
  const source = sourceOf(entry, around, report);
  if (source === null) return null;
  if (source._tag !== "Introspection" && entry.audience.length === 0) {
    report(
      "audience",
      "needs at least one name: tokens for other services must not be accepted here",
    );
    return null;
  }
  return {
    issuer: entry.issuer,
    audience: entry.audience,
    source,
    algorithms: entry.algorithms,
    userClaim: entry.user_claim,
    scope: entry.scope,
    openidConfiguration: entry.openid_configuration,
  };
};

const sourceOf = (entry: OauthEntry, around: Surroundings, report: Report): TokenSource | null => {
  const { jwks, introspection } = entry;
  if (jwks !== undefined && introspection !== undefined) {
    report("introspection", "give either jwks or introspection");
    return null;
  }
  if (introspection !== undefined) return introspectionOf(introspection, entry, around, report);
  if (jwks === undefined) {
    report("issuer", "needs jwks or introspection, to check its tokens");
    return null;
  }
  const strays = (["client_id", "client_secret", "client_secret_file"] as const).filter((key) =>
    entry[key] !== undefined
  );
  for (const key of strays) report(key, "works only with introspection");
  if (strays.length > 0) return null;
  return isUrl(jwks)
    ? { _tag: "KeyUrl", url: jwks }
    : { _tag: "KeyFile", path: around.resolve(jwks) };
};

const introspectionOf = (
  url: string,
  entry: OauthEntry,
  around: Surroundings,
  report: Report,
): TokenSource | null => {
  const secret = secretOf(entry, around, report);
  if (entry.client_id === undefined) report("introspection", "needs a client_id");
  return secret === null || entry.client_id === undefined
    ? null
    : { _tag: "Introspection", url, clientId: entry.client_id, secret };
};

const secretOf = (
  entry: OauthEntry,
  around: Surroundings,
  report: Report,
): Redacted.Redacted<string> | null => {
  const { client_secret: given, client_secret_file: file } = entry;
  if (given !== undefined && file !== undefined) {
    report("client_secret_file", "give either a client_secret or a client_secret_file");
    return null;
  }
  if (given !== undefined) return Redacted.make(given);
  if (file === undefined) {
    report("introspection", "needs a client_secret or a client_secret_file");
    return null;
  }
  return secretIn(file, around, (message) => report("client_secret_file", message));
};
