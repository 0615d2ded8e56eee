/** From the text of a configuration file to `Config`, or to all its problems. */
import { Duration } from "effect";
import { dirname, resolve } from "node:path";
import type { Issuer } from "../../oauth/issuer.ts";
import type { ImapServer } from "../../ports/url_fetcher.ts";
import type { RouteRule } from "../../ports/routes.ts";
import { parseListener, printSocketAddress } from "../values/address.ts";
import { type BurlEntry, imapServerOf } from "./burl.ts";
import type { Config, EventSettings, Problem } from "../config.ts";
import { toConfig } from "./convert.ts";
import { discoveryProblems } from "./discovery_problems.ts";
import { renamed } from "./changed.ts";
import { eventsOf } from "./events.ts";
import { issuerOf } from "./oauth.ts";
import { NO_SPOOL, withoutSpool } from "./no_spool.ts";
import { problemAt, problemsOf, type Source } from "./problems.ts";
import { foreignRules } from "./rewrites.ts";
import { replicaOf } from "./replica.ts";
import { routeConflicts, routeRule } from "./routes.ts";
import type { Surroundings } from "../values/secret.ts";
import { configFile } from "../schema/schema.ts";
import type { OauthEntry } from "../schema/auth.ts";
import { route } from "../schema/route.ts";
import type { z } from "zod";
import { loopMessage, ownListener, type OwnPlaces } from "./own_loop.ts";
import { locate, parseToml } from "../values/toml.ts";

type Document = Readonly<Record<string, unknown>>;

export type ParseResult =
  | { readonly _tag: "Valid"; readonly config: Config }
  | { readonly _tag: "Invalid"; readonly problems: ReadonlyArray<Problem> };

/**
 * Pure but for `readSecret`, by which the content of a `password_file` comes in.
 *
 * `file` stands in messages and is the base of relative paths; it should be absolute.
 */
export const parseConfig = (
  text: string,
  file: string,
  readSecret: Surroundings["readSecret"],
): ParseResult => {
  const toml = parseToml(text);
  if (toml._tag === "Broken") {
    const { line, column, message } = toml;
    return { _tag: "Invalid", problems: [{ file, line, column, key: null, value: null, message }] };
  }
  const source: Source = { file, document: toml.value, lineOf: locate(text) };
  const parsed = configFile.safeParse(toml.value);
  const around = {
    resolve: (path: string) => resolve(dirname(file), path),
    readSecret,
    spool: parsed.data?.spool.url !== NO_SPOOL,
    replica: hasReplica(toml.value),
  };
  const problems: Array<Problem> = parsed.success ? [] : [
    ...problemsOf(source, parsed.error.issues),
  ];
  problems.push(...listeners(source, toml.value));
  const rules = routes(
    source,
    toml.value,
    around,
    parsed.success ? ownPlaces(parsed.data) : null,
    problems,
  );
  if (parsed.success) {
    problems.push(...foreignRules(source, parsed.data));
    withoutSpool(parsed.data, (path, message) => problems.push(problemAt(source, path, message)));
  }
  discoveryProblems(toml.value, (path, message) => {
    problems.push(problemAt(source, path, message));
  });
  const issuers = parsed.success ? issuersIn(source, parsed.data.auth.oauth, around, problems) : [];
  const events = parsed.success
    ? eventsOf(parsed.data.events, around, (key, message) => {
      problems.push(problemAt(source, ["events", key], message));
    })
    : NO_EVENTS;
  const replica = parsed.success
    ? replicaOf(parsed.data.replica, parsed.data.hostname, around, (key, message) => {
      problems.push(problemAt(source, ["replica", key], message));
    })
    : null;
  const burl = parsed.success
    ? imapServersIn(source, parsed.data.extensions.burl, around, problems)
    : [];
  return parsed.success && problems.length === 0
    ? {
      _tag: "Valid",
      config: toConfig(
        file,
        parsed.data,
        { routes: rules, issuers, events, burl, replica, notices: renamed(source, parsed.data) },
        around.resolve,
      ),
    }
    : { _tag: "Invalid", problems: inOrder(problems) };
};

/** Whether copies can be made at all; what is wrong with `[replica]` is said elsewhere. */
const hasReplica = (document: Document): boolean => {
  const given = document["replica"];
  return typeof given === "object" && given !== null && "to" in given;
};

const NO_EVENTS: EventSettings = {
  webhook: null,
  log: null,
  kinds: [],
  keep: Duration.zero,
  most: 0,
};

const inOrder = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> =>
  [...problems].sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0);

const ownPlaces = ({ hostname, listen }: z.output<typeof configFile>): OwnPlaces => ({
  hostname,
  listeners: [...listen.submission, ...listen.submissions].flatMap((l) => parseListener(l) ?? []),
});

/** No listener at all, or one address twice. Silent where the schema has its say already. */
const listeners = (source: Source, document: Document): ReadonlyArray<Problem> => {
  const listen = configFile.shape.listen.safeParse(document["listen"]);
  if (!listen.success) return [];
  const out: Array<Problem> = [];
  const taken = new Set<string>();
  for (const key of ["submission", "submissions"] as const) {
    listen.data[key].forEach((text, i) => {
      const address = parseListener(text);
      const name = address === null ? text : printSocketAddress(address);
      if (taken.has(name) && address?.port !== 0) {
        out.push(problemAt(source, ["listen", key, i], "is listed twice"));
      }
      taken.add(name);
    });
  }
  if (taken.size === 0) {
    out.push(
      problemAt(source, ["listen"], "needs at least one address in submission or submissions"),
    );
  }
  return out;
};

/** The issuers of tokens; adds to `problems` what is wrong between the keys of one, and one that stands twice. */
const issuersIn = (
  source: Source,
  entries: ReadonlyArray<OauthEntry>,
  around: Surroundings,
  problems: Array<Problem>,
): ReadonlyArray<Issuer> =>
  entries.flatMap((entry, i) => {
    const report = (key: keyof OauthEntry, message: string): void => {
      problems.push(problemAt(source, ["auth", "oauth", i, key], message));
    };
    if (entries.findIndex((e) => e.issuer === entry.issuer) < i) {
      report("issuer", "an earlier entry has the same");
    }
    return issuerOf(entry, around, report) ?? [];
  });

/** The servers of BURL; adds to `problems` likewise. */
const imapServersIn = (
  source: Source,
  entries: ReadonlyArray<BurlEntry>,
  around: Surroundings,
  problems: Array<Problem>,
): ReadonlyArray<ImapServer> => {
  const servers = entries.map((entry, i) =>
    imapServerOf(entry, around, (key, message) => {
      problems.push(problemAt(source, ["extensions", "burl", i, key], message));
    })
  );
  servers.forEach((s, i) => {
    if (s !== null && servers.findIndex((o) => o?.origin === s.origin) < i) {
      problems.push(
        problemAt(source, ["extensions", "burl", i, "url"], "an earlier entry has the same"),
      );
    }
  });
  return servers.filter((s) => s !== null);
};

/** The route table; adds to `problems` what is wrong between the keys of a route and between routes. */
const routes = (
  source: Source,
  document: Document,
  around: Surroundings,
  own: OwnPlaces | null,
  problems: Array<Problem>,
): ReadonlyArray<RouteRule> => {
  const entries: unknown = document["route"];
  if (!Array.isArray(entries)) return [];
  const rules = entries.map((entry: unknown, i) => {
    const parsed = route.safeParse(entry);
    if (!parsed.success) return null;
    return routeRule(parsed.data, around, (key, message) => {
      problems.push(problemAt(source, ["route", i, key], message));
    });
  });
  if (own !== null) {
    rules.forEach((r, i) => {
      const listener = r === null ? null : ownListener(r.hop, own);
      if (listener === null) return;
      problems.push(problemAt(source, ["route", i, "via"], loopMessage(listener)));
    });
  }
  const good = rules.filter((r) => r !== null);
  if (good.length < rules.length) return good;
  for (const c of routeConflicts(good)) {
    problems.push(problemAt(source, ["route", c.at, c.key], c.message));
  }
  return good;
};
