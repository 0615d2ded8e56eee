/** Turns `[[route]]` entries into the route table, and reports those that contradict themselves. */
import { Redacted } from "effect";
import { type Credentials, hopKey, type HopTemplate, type RouteRule } from "../../ports/routes.ts";
import { patternKey } from "../values/pattern.ts";
import { conditions } from "./route_conditions.ts";
import type { Report, RouteEntry } from "./route_entry.ts";
import { passThroughOf } from "./route_durability.ts";
import { hopOf, levelOf, several } from "./route_hop.ts";
import { secretIn, type Surroundings } from "../values/secret.ts";
import { parseVia, type Via } from "../values/via.ts";

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
  const vias = [entry.via].flat().flatMap((v) => parseVia(v) ?? []);
  const pattern = patternKey(entry.to);
  const [via] = vias;
  if (via === undefined || pattern === null) return null;
  const credentials = login(entry, vias, around, wrong);
  const hop = Array.isArray(entry.via)
    ? several(entry, vias, credentials, around, wrong)
    : hopOf(entry, via, credentials, around, wrong);
  if (entry.weights !== undefined && !Array.isArray(entry.via)) {
    wrong("weights", "needs a list of next hops in via");
  }
  const level = levelOf(hop);
  const unread = level === null || level === "none" || level === "opportunistic" ||
    level === "encrypt";
  if (entry.ca !== undefined && level === null) {
    wrong("ca", `has no meaning for ${[entry.via].flat().join(", ")}`);
  } else if (entry.ca !== undefined && unread) {
    wrong("ca", 'authorities are looked at only with tls = "required"');
  }
  const when = conditions(entry, wrong);
  const passThrough = passThroughOf(entry, hop, around.spool !== false, wrong);
  const replicated = entry.durability === "replicated";
  if (replicated && around.spool !== false && around.replica !== true) {
    wrong("durability", "needs a server that keeps copies: [replica] with to and secret_file");
  }
  if (!good || hop === null) return null;
  return {
    pattern,
    hop,
    credentials,
    ca: entry.ca === undefined ? null : around.resolve(entry.ca),
    ...when === null ? {} : { when },
    ...limitsOf(entry),
    ...passThrough === undefined ? {} : { passThrough },
    ...replicated ? { replicated } : {},
  };
};

const limitsOf = (e: RouteEntry): Pick<RouteRule, "limits"> =>
  e.connections === undefined && e.messages_per_minute === undefined ? {} : {
    limits: { connections: e.connections ?? null, perMinute: e.messages_per_minute ?? null },
  };

/** Of a list, the login is that of the route: none stands in the URLs. */
const login = (
  entry: RouteEntry,
  vias: ReadonlyArray<Via>,
  around: Surroundings,
  wrong: Report,
): Credentials | null => {
  const [via] = vias;
  if (via === undefined) return null;
  if (vias.length > 1 && vias.some((v) => v._tag === "Host" && v.username !== null)) {
    wrong("via", "in a list, give the login as username and password_file");
    return null;
  }
  if (vias.some((v) => v._tag !== "Host" && v._tag !== "Srv")) {
    for (const key of ["username", "password", "password_file"] as const) {
      if (entry[key] !== undefined) {
        wrong(key, "a login works only with smtp:, smtps:, lmtp: and srv:");
      }
    }
    return null;
  }
  const inUrl = via._tag === "Host" && via.username !== null;
  const username = entry.username ?? (via._tag === "Host" ? via.username : null);
  const given = entry.password ?? (via._tag === "Host" ? via.password : null);
  if (inUrl && entry.username !== undefined) wrong("username", "is given in via as well");
  if (via._tag === "Host" && via.password !== null && entry.password !== undefined) {
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
  const unconditional = new Set<string>();
  rules.forEach((rule, at) => {
    const same = `${rule.pattern} ${JSON.stringify(rule.when ?? null)}`;
    if (patterns.has(same)) {
      out.push({ at, key: "to", message: "an earlier route has the same" });
    } else if (unconditional.has(rule.pattern)) {
      out.push({
        at,
        key: "to",
        message: "is never used: an earlier route has the same to, without conditions",
      });
    }
    patterns.add(same);
    if (rule.when === undefined) unconditional.add(rule.pattern);
    const key = keyOf(rule.hop);
    const other = key === null ? undefined : hops.get(key);
    if (key === null) return;
    if (other === undefined) hops.set(key, rule);
    else if (!sameTerms(other, rule)) {
      out.push({
        at,
        key: "via",
        message: "another route goes to the same hop with other tls, ca, password or forward_login",
      });
    }
  });
  return out;
};

const sameTerms = (a: RouteRule, b: RouteRule): boolean =>
  a.ca === b.ca && (a.passThrough?.login ?? false) === (b.passThrough?.login ?? false) &&
  levelOf(a.hop) === levelOf(b.hop) &&
  (a.credentials === null ? null : Redacted.value(a.credentials.password)) ===
    (b.credentials === null ? null : Redacted.value(b.credentials.password));
