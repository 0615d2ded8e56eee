/** What the formats for tools start from: one server to read from, one to send through. docs/design/autodiscovery.md §9.9 */
import { type DiscoverResult, type FoundService, selected } from "../result.ts";

export interface Settings {
  readonly email: string;
  readonly domain: string;
  readonly incoming: FoundService | null;
  readonly outgoing: FoundService | null;
}

/** Domains have nobody to sign in as: a stand-in that is seen to be one. */
export const settingsOf = (r: DiscoverResult): Settings => ({
  email: r.email ?? `USER@${r.domain}`,
  domain: r.domain,
  incoming: r.incoming === null ? null : selected(r, r.incoming),
  outgoing: selected(r, "submission"),
});

export const userOf = (s: FoundService, email: string): string => s.username.value ?? email;

/** Signing in with tokens is all that the server offers. */
export const onlyOauth = (s: FoundService): boolean =>
  s.auth.includes("oauth2") &&
  !(["password", "encrypted", "scram"] as const).some((a) => s.auth.includes(a));

/** `imaps://user%40example.com@mail.example.com:993` */
export const mailUrl = (scheme: string, s: FoundService, email: string): string => {
  // characters that encodeURIComponent leaves, and that shells and mutt read
  const user = encodeURIComponent(userOf(s, email))
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${scheme}://${user}@${s.host}:${s.port}`;
};

/** A format for a tool, or null where what it needs was not found. */
export type Format = (r: DiscoverResult) => string | null;

export const lines = (...all: ReadonlyArray<string | null>): string =>
  `${all.filter((l) => l !== null).join("\n")}\n`;
