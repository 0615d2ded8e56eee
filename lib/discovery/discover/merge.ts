/**
 * Merges the results of the methods: one entry for each server, the best source first. docs/design/autodiscovery.md
 * §9.3, §9.6
 */
import { type Auth, type Kind, usernameOf } from "../service.ts";
import type { Candidate } from "./candidate.ts";
import { registrable } from "./domains.ts";
import {
  type Confirm,
  type ConfirmReason,
  type Conflict,
  type FoundService,
  type Method,
  METHODS,
  TRUSTS,
  type Username,
} from "./result.ts";
import type { DiscoverOptions } from "./run.ts";
import type { Subject } from "./subject.ts";

/** The order in which methods count. */
export const ranks = (preferAutoconfig: boolean): ReadonlyArray<Method> =>
  preferAutoconfig
    ? METHODS.map((m) => m === "srv" ? "autoconfig" : m === "autoconfig" ? "srv" : m)
    : METHODS;

const keyOf = (c: Candidate): string => `${c.kind} ${c.host}:${c.port} ${c.url ?? ""}`;

/** Grouped by place, in the order of the best source of each. */
const groups = (all: ReadonlyArray<Candidate>): ReadonlyArray<ReadonlyArray<Candidate>> => {
  const byPlace = new Map<string, Array<Candidate>>();
  for (const c of all) {
    const group = byPlace.get(keyOf(c));
    if (group === undefined) byPlace.set(keyOf(c), [c]);
    else group.push(c);
  }
  return [...byPlace.values()];
};

const MAX_USERNAME = 320;

/** The user name that a source states, or the whole address as a guess. SEC-11 */
const usernameFor = (
  subject: Subject,
  stated: { readonly text: string; readonly method: Method } | null,
): Username => {
  if (stated === null) return { value: subject.email, form: "address", source: "default" };
  const { text, method } = stated;
  // it ends up in configuration files
  if (text.length > MAX_USERNAME || /\p{Cc}/u.test(text)) return usernameFor(subject, null);
  const form = text === "%EMAILADDRESS%" || text === subject.email
    ? "address"
    : text === "%EMAILLOCALPART%" || text === subject.local
    ? "local"
    : "other";
  if (form !== "other") {
    const value = subject.email === null ? null : usernameOf(form, subject.email);
    return { value, form, source: method };
  }
  return { value: expanded(text, subject), form, source: method };
};

/** AC-12; null where a placeholder has nothing to stand for. */
const expanded = (text: string, s: Subject): string | null => {
  if (/%EMAIL(ADDRESS|LOCALPART)%/.test(text) && s.email === null) return null;
  return text.replaceAll("%EMAILADDRESS%", s.email ?? "")
    .replaceAll("%EMAILLOCALPART%", s.local ?? "").replaceAll("%EMAILDOMAIN%", s.domain);
};

/** Facts about the host from other sources fill the gaps of its own. */
const statedFor = (group: ReadonlyArray<Candidate>, all: ReadonlyArray<Candidate>) => {
  const near = [
    ...group,
    ...all.filter((c) => c.host === group[0]?.host && c.kind === group[0]?.kind),
  ];
  const named = near.find((c) => c.username !== null);
  const auth = near.find((c) => c.auth !== null && c.auth.length > 0)?.auth ?? [];
  return {
    username: named?.username === null || named === undefined
      ? null
      : { text: named.username, method: named.source.method },
    auth,
  };
};

/** One source that needs no question makes the place good: it says the same. */
const reasonsOf = (group: ReadonlyArray<Candidate>): ReadonlyArray<ConfirmReason> =>
  group.some((c) => c.confirm.length === 0) ? [] : [...new Set(group.flatMap((c) => c.confirm))];

const confirmOf = (
  reasons: ReadonlyArray<ConfirmReason>,
  host: string,
  o: DiscoverOptions,
): ReadonlyArray<Confirm> => {
  const domains = [registrable(host)];
  const agreed = o.acceptAll === true || (o.acceptDomains ?? []).some((d) => domains.includes(d));
  return reasons.filter((r) => !agreed || (r === "no-tls" && o.acceptAll !== true))
    .map((reason) => ({ reason, domains }));
};

const rejection = (c: Candidate, o: DiscoverOptions): string | null =>
  c.tls === "none" && o.allowPlaintext !== true ? "no-tls" : null;

const merged = (
  group: ReadonlyArray<Candidate>,
  all: ReadonlyArray<Candidate>,
  subject: Subject,
  o: DiscoverOptions,
): FoundService | null => {
  const [first] = group;
  if (first === undefined) return null;
  const stated = statedFor(group, all);
  const plain: ReadonlyArray<ConfirmReason> = first.tls === "none" ? ["no-tls"] : [];
  return {
    kind: first.kind,
    tls: first.tls,
    host: first.host,
    port: first.port,
    url: first.url,
    username: usernameFor(subject, stated.username),
    auth: stated.auth as ReadonlyArray<Auth>,
    rank: 0,
    trust: TRUSTS[Math.min(...group.map((c) => TRUSTS.indexOf(c.trust)))] ?? "insecure",
    confirm: confirmOf([...reasonsOf(group), ...plain], first.host, o),
    rejected: rejection(first, o),
    sources: group.map((c) => c.source),
    probe: null,
  };
};

/** Reading, sending, the rest: the order in which people set things up. */
const KINDS: ReadonlyArray<Kind> = [
  "imap",
  "pop3",
  "submission",
  "jmap",
  "sieve",
  "caldav",
  "carddav",
  "webdav",
  "ews",
  "activesync",
];

/** By kind, those that may be used first, in their order; each told its place. */
export const ranked = (services: ReadonlyArray<FoundService>): ReadonlyArray<FoundService> => {
  const next = new Map<Kind, number>();
  const order = [...services].sort((a, b) =>
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    Number(a.rejected !== null) - Number(b.rejected !== null)
  );
  return order.map((s) => {
    const rank = next.get(s.kind) ?? 0;
    next.set(s.kind, rank + 1);
    return { ...s, rank };
  });
};

export interface Merged {
  readonly services: ReadonlyArray<FoundService>;
  readonly conflicts: ReadonlyArray<Conflict>;
}

/** `found`: candidates of all methods. */
export const merge = (
  found: ReadonlyArray<Candidate>,
  subject: Subject,
  o: DiscoverOptions,
): Merged => {
  const order = ranks(o.preferAutoconfig === true);
  const all = [...found].sort((a, b) =>
    order.indexOf(a.source.method) - order.indexOf(b.source.method)
  );
  const services = ranked(
    groups(all).flatMap((g) => merged(g, all, subject, o) ?? []),
  );
  const conflicts = conflictsOf(services);
  return { services: services.map((s) => withConflict(s, services, conflicts, o)), conflicts };
};

/** Trusted sources that send people to different owners: a person has to say whom they believe. docs/design/autodiscovery.md §9.6 */
const withConflict = (
  s: FoundService,
  all: ReadonlyArray<FoundService>,
  conflicts: ReadonlyArray<Conflict>,
  o: DiscoverOptions,
): FoundService => {
  const others = all.filter((x) =>
    x.kind === s.kind && s.rank === 0 && x.trust !== "insecure" && x.rejected === null &&
    registrable(x.host) !== registrable(s.host) &&
    conflicts.some((c) => c.chosen === place(s) && c.other === place(x))
  );
  if (others.length === 0) return s;
  const asked = confirmOf(["conflict"], s.host, o);
  const domains = [s, ...others].map((x) => registrable(x.host));
  return { ...s, confirm: [...s.confirm, ...asked.map((c) => ({ ...c, domains }))] };
};

const place = (s: FoundService): string => s.url ?? `${s.host}:${s.port}`;

/** Sources that do not agree: another host for the same kind, from another method alone. */
const conflictsOf = (services: ReadonlyArray<FoundService>): ReadonlyArray<Conflict> =>
  services.flatMap((s) => {
    if (s.rank === 0) return [];
    const best = services.find((b) => b.kind === s.kind && b.rank === 0);
    if (best === undefined || best.host === s.host) return [];
    const shared = s.sources.some((x) => best.sources.some((y) => x.method === y.method));
    return shared ? [] : [{ kind: s.kind, chosen: place(best), other: place(s) }];
  });
