/** Turns `[[route]]` entries into the route table, and says which of them make no sense. */
import { Redacted } from "effect";
import { parseDomainName } from "../address/domain.ts";
import type { Credentials, HopTemplate, RouteRule, TlsLevel } from "../ports/routes.ts";
import { hopKey } from "../ports/routes.ts";
import { parseVia, type Via } from "./via.ts";

/** A route as the file has it, each value valid for itself. */
export interface RouteEntry {
  readonly to: string;
  readonly via: string;
  readonly tls?: TlsLevel | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
  readonly ca?: string | undefined;
}

/** Absolute path of what a file names; content of a secret file or why there is none. */
export interface Surroundings {
  readonly resolve: (path: string) => string;
  readonly readSecret: (path: string) => { readonly text: string } | { readonly fault: string };
}

/** The first line of a secret file; null where `wrong` was told why there is none. */
export const secretIn = (
  path: string,
  around: Surroundings,
  wrong: (message: string) => void,
): Redacted.Redacted<string> | null => {
  const secret = around.readSecret(around.resolve(path));
  const line = "fault" in secret ? "" : secret.text.split(/\r?\n/, 1)[0] ?? "";
  if (line !== "") return Redacted.make(line);
  wrong("fault" in secret ? secret.fault : "its first line is empty");
  return null;
};

/** `report(key, message)`: `key` is one of the entry's. */
type Report = (key: keyof RouteEntry, message: string) => void;

/** `*`, `*.name` or a name, as a lower-case A-label pattern; null where it is none. */
export const patternKey = (to: string): string | null => {
  if (to === "*") return to;
  const wild = to.startsWith("*.");
  const name = parseDomainName(wild ? to.slice(2) : to);
  return name === null ? null : wild ? `*.${name.ascii}` : name.ascii;
};

/** The rule of one entry; null where `report` was called. */
export const routeRule = (
  entry: RouteEntry,
  around: Surroundings,
  report: Report,
): RouteRule | null => {
  let good = true;
  const wrong: Report = (key, message) => {
    good = false;
    report(key, message);
  };
  const via = parseVia(entry.via);
  const pattern = patternKey(entry.to);
  if (via === null || pattern === null) return null;
  const credentials = login(entry, via, around, wrong);
  const hop = hopOf(entry, via, credentials, around, wrong);
  if (entry.ca !== undefined && "tls" in hop && hop.tls !== "required") {
    wrong("ca", 'authorities are looked at only with tls = "required"');
  }
  if (entry.ca !== undefined && !("tls" in hop)) wrong("ca", `has no meaning for ${entry.via}`);
  if (!good) return null;
  return {
    pattern,
    hop,
    credentials,
    ca: entry.ca === undefined ? null : around.resolve(entry.ca),
  };
};

const login = (
  entry: RouteEntry,
  via: Via,
  around: Surroundings,
  wrong: Report,
): Credentials | null => {
  const inUrl = via._tag === "Host" && via.username !== null;
  const username = entry.username ?? (via._tag === "Host" ? via.username : null);
  const given = entry.password ?? (via._tag === "Host" ? via.password : null);
  if (via._tag !== "Host") {
    for (const key of ["username", "password", "password_file"] as const) {
      if (entry[key] !== undefined) wrong(key, "a login goes only with smtp:, smtps: and lmtp:");
    }
    return null;
  }
  if (inUrl && entry.username !== undefined) wrong("username", "is given in via as well");
  if (via.password !== null && entry.password !== undefined) {
    wrong("password", "is given in via as well");
  }
  if (given !== null && entry.password_file !== undefined) {
    wrong("password_file", "give either a password or a password_file");
    return null;
  }
  if (username === null) {
    for (const key of ["password", "password_file"] as const) {
      if (entry[key] !== undefined) wrong(key, "needs a username");
    }
    return null;
  }
  if (given !== null) return { username, password: Redacted.make(given) };
  if (entry.password_file === undefined) {
    wrong(inUrl ? "via" : "username", "needs a password or a password_file");
    return null;
  }
  const password = secretIn(entry.password_file, around, (m) => wrong("password_file", m));
  return password === null ? null : { username, password };
};

const hopOf = (
  entry: RouteEntry,
  via: Via,
  credentials: Credentials | null,
  around: Surroundings,
  wrong: Report,
): HopTemplate => {
  switch (via._tag) {
    case "Path":
      if (entry.tls !== undefined && entry.tls !== "none") {
        wrong("tls", `has no meaning for ${via.scheme}:`);
      }
      return {
        _tag: via.scheme === "maildir" ? "Maildir" : "LmtpUnix",
        path: around.resolve(via.path),
      };
    case "Mx":
      return { _tag: "MxOfRecipient", port: via.port, tls: entry.tls ?? "opportunistic" };
    case "Host": {
      const implicitTls = via.scheme === "smtps";
      const hasLogin = entry.username !== undefined || via.username !== null;
      const tls = entry.tls ?? (hasLogin ? "required" : "opportunistic");
      if (hasLogin && tls !== "required") {
        wrong("tls", 'must be "required" where there is a login: else anyone could read it');
      }
      if (implicitTls && tls === "none") wrong("tls", "smtps: is always with TLS");
      if (via.scheme === "lmtp" && via.port === 25) {
        wrong("via", "LMTP may not be spoken on port 25 (RFC 2033 §5)");
      }
      return {
        _tag: via.scheme === "lmtp" ? "Lmtp" : "Smtp",
        host: via.host,
        port: via.port,
        implicitTls,
        tls,
        login: credentials?.username ?? null,
      };
    }
  }
};

/** What names the queue of a hop; null for `mx`, which has one per domain. */
const keyOf = (hop: HopTemplate): string | null =>
  hop._tag === "MxOfRecipient" ? null : hopKey(hop);

/** Faults between routes: `at` is the index of the route that is to blame. */
export const routeConflicts = (
  rules: ReadonlyArray<RouteRule>,
): ReadonlyArray<{ readonly at: number; readonly key: "to" | "via"; readonly message: string }> => {
  const out: Array<{ readonly at: number; readonly key: "to" | "via"; readonly message: string }> =
    [];
  const hops = new Map<string, RouteRule>();
  const patterns = new Set<string>();
  rules.forEach((rule, at) => {
    if (patterns.has(rule.pattern)) {
      out.push({ at, key: "to", message: "an earlier route has the same" });
    }
    patterns.add(rule.pattern);
    const key = keyOf(rule.hop);
    const other = key === null ? undefined : hops.get(key);
    if (key === null) return;
    if (other === undefined) hops.set(key, rule);
    else if (!sameTerms(other, rule)) {
      out.push({
        at,
        key: "via",
        message: "another route goes to the same hop with other tls, ca or password",
      });
    }
  });
  return out;
};

const sameTerms = (a: RouteRule, b: RouteRule): boolean =>
  a.ca === b.ca && ("tls" in a.hop ? a.hop.tls : null) === ("tls" in b.hop ? b.hop.tls : null) &&
  (a.credentials === null ? null : Redacted.value(a.credentials.password)) ===
    (b.credentials === null ? null : Redacted.value(b.credentials.password));
