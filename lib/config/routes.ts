/** Turns `[[route]]` entries into the route table, and says which of them make no sense. */
import { Redacted } from "effect";
import type {
  Credentials,
  HopTemplate,
  Range,
  RouteConditions,
  RouteRule,
  SeveralMember,
  TlsLevel,
} from "../ports/routes.ts";
import { hopKey } from "../ports/routes.ts";
import { parseParty } from "./party.ts";
import { patternKey } from "./pattern.ts";
import { parseVia, type Via } from "./via.ts";

/** As the file writes it. */
export type TlsWord = TlsLevel | "may" | "verify";

/** A route as the file has it, each value valid for itself. */
export interface RouteEntry {
  readonly to: string;
  readonly from?: ReadonlyArray<string> | undefined;
  readonly account?: ReadonlyArray<string> | undefined;
  readonly min_size?: number | undefined;
  readonly max_size?: number | undefined;
  readonly min_priority?: number | undefined;
  readonly max_priority?: number | undefined;
  readonly via: string | ReadonlyArray<string>;
  readonly weights?: ReadonlyArray<number> | undefined;
  readonly tls?: TlsWord | undefined;
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
  if (!good || hop === null) return null;
  return {
    pattern,
    hop,
    credentials,
    ca: entry.ca === undefined ? null : around.resolve(entry.ca),
    ...when === null ? {} : { when },
  };
};

/** Null where a route is taken whoever sends what. */
const conditions = (entry: RouteEntry, wrong: Report): RouteConditions | null => {
  const size = range(entry, "min_size", "max_size", 0, Infinity, wrong);
  const priority = range(entry, "min_priority", "max_priority", -9, 9, wrong);
  const sender = entry.from?.flatMap((f) => parseParty(f) ?? []) ?? null;
  const account = entry.account?.map((a) => a.toLowerCase()) ?? null;
  const none = sender === null && account === null && size === null && priority === null;
  return none ? null : { sender, account, size, priority };
};

const range = (
  entry: RouteEntry,
  min: "min_size" | "min_priority",
  max: "max_size" | "max_priority",
  lowest: number,
  highest: number,
  wrong: Report,
): Range | null => {
  const [least = lowest, most = highest] = [entry[min], entry[max]];
  if (entry[min] === undefined && entry[max] === undefined) return null;
  if (least > most) wrong(max, `must not be less than ${min}`);
  return { least, most };
};

/** `may` and `verify` are other names. HOP-20 */
export const tlsLevel = (word: TlsWord): TlsLevel =>
  word === "may" ? "opportunistic" : word === "verify" ? "required" : word;

/** Null where a hop has nothing to do with TLS. */
const levelOf = (hop: HopTemplate | null): TlsLevel | null =>
  hop === null
    ? null
    : hop._tag === "Several"
    ? hop.hops.map(levelOf).find((l) => l !== null) ?? null
    : "tls" in hop
    ? hop.tls
    : null;

const VERIFIED: ReadonlyArray<TlsLevel> = ["required", "dane", "dane-only"];

const isLmtp = (hop: SeveralMember): boolean => hop._tag === "Lmtp" || hop._tag === "LmtpUnix";

/** A list of hops: all SMTP or all LMTP, each told how TLS is to be. */
const several = (
  entry: RouteEntry,
  vias: ReadonlyArray<Via>,
  credentials: Credentials | null,
  around: Surroundings,
  wrong: Report,
): HopTemplate | null => {
  const hops: Array<SeveralMember> = [];
  for (const via of vias) {
    const hop = hopOf(entry, via, credentials, around, wrong);
    if (hop._tag === "MxOfRecipient" || hop._tag === "Maildir" || hop._tag === "Several") {
      wrong("via", "a list takes neither mx nor maildir:");
      return null;
    }
    hops.push(hop);
  }
  const [first] = hops;
  if (first !== undefined && hops.some((h) => isLmtp(h) !== isLmtp(first))) {
    wrong("via", "a list is all SMTP or all LMTP");
  }
  const weights = entry.weights ?? null;
  if (weights !== null && weights.length !== hops.length) {
    wrong("weights", `needs ${hops.length} numbers, one per next hop`);
  }
  if (weights?.every((w) => w === 0) === true) wrong("weights", "needs one above 0");
  return { _tag: "Several", hops, weights };
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
        wrong(key, "a login goes only with smtp:, smtps:, lmtp: and srv:");
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
      return {
        _tag: "MxOfRecipient",
        port: via.port,
        tls: entry.tls === undefined ? "opportunistic" : tlsLevel(entry.tls),
      };
    case "Srv": {
      const { name, implicitTls } = via;
      const tls = levelFor(entry, entry.username !== undefined, implicitTls, wrong);
      return { _tag: "Srv", name, implicitTls, tls, login: credentials?.username ?? null };
    }
    case "Host": {
      const implicitTls = via.scheme === "smtps";
      const hasLogin = entry.username !== undefined || via.username !== null;
      const tls = levelFor(entry, hasLogin, implicitTls, wrong);
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

const levelFor = (
  entry: RouteEntry,
  hasLogin: boolean,
  implicitTls: boolean,
  wrong: Report,
): TlsLevel => {
  const tls = entry.tls === undefined
    ? (hasLogin ? "required" : "opportunistic")
    : tlsLevel(entry.tls);
  if (hasLogin && !VERIFIED.includes(tls)) {
    wrong("tls", 'must be "required" where there is a login: else anyone could read it');
  }
  if (implicitTls && tls === "none") wrong("tls", "smtps: is always with TLS");
  return tls;
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
        message: "is never taken: an earlier route has the same, for all",
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
        message: "another route goes to the same hop with other tls, ca or password",
      });
    }
  });
  return out;
};

const sameTerms = (a: RouteRule, b: RouteRule): boolean =>
  a.ca === b.ca && levelOf(a.hop) === levelOf(b.hop) &&
  (a.credentials === null ? null : Redacted.value(a.credentials.password)) ===
    (b.credentials === null ? null : Redacted.value(b.credentials.password));
