/**
 * The resolver on `dns-packet`: several servers, retries, a small cache. RFC 5321 §5.1, RFC 7505 §3
 *
 * NXDOMAIN, no data and trouble stay different things; trouble is never kept.
 */
import { readFileSync } from "node:fs";
import { Clock, Effect, Layer } from "effect";
import { type AddressAnswer, type Exchanger, type MxAnswer, Resolver } from "../ports/resolver.ts";
import { type DnsServer, exchange } from "./exchange.ts";
import { MAX_ALIASES, type QueryType, type Said } from "./message.ts";

export interface ResolverSettings {
  /** Null: those of /etc/resolv.conf. */
  readonly servers: ReadonlyArray<DnsServer> | null;
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
}

const TOO_MANY_ALIASES = { _tag: "Trouble", reason: "alias chain too long" } as const;
const CACHE = 10_000;
/** Seconds. RFC 8767 §4 caps what is believed for long. */
const MAX_TTL = 3_600;
/** RFC 1035 §2.3.4; the flood of exchangers that a domain may name. */
const MAX_EXCHANGERS = 20;

const systemServers = (): ReadonlyArray<DnsServer> => {
  try {
    const found = readFileSync("/etc/resolv.conf", "utf8").split("\n")
      .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
      .map((host) => ({ host: host.replace(/%.*$/, ""), port: 53 }));
    return found.length > 0 ? found : [{ host: "127.0.0.1", port: 53 }];
  } catch {
    return [{ host: "127.0.0.1", port: 53 }];
  }
};

class Cache {
  readonly #kept = new Map<string, { readonly said: Said; readonly until: number }>();
  get(key: string, now: number): Said | null {
    const hit = this.#kept.get(key);
    return hit !== undefined && hit.until > now ? hit.said : null;
  }
  put(key: string, said: Said, now: number): void {
    if (said._tag === "Trouble" || said._tag === "Truncated") return;
    if (this.#kept.size >= CACHE) this.#kept.clear();
    this.#kept.set(key, { said, until: now + Math.min(said.ttl, MAX_TTL) * 1000 });
  }
}

/** Ascending preference, equal ones in random order. RFC 5321 §5.1 */
const ordered = (all: ReadonlyArray<Exchanger>): ReadonlyArray<Exchanger> =>
  all.map((e) => ({ e, r: Math.random() }))
    .sort((a, b) => a.e.preference - b.e.preference || a.r - b.r)
    .slice(0, MAX_EXCHANGERS)
    .map(({ e }) => e);

export const resolverLayer = (settings: ResolverSettings): Layer.Layer<Resolver> =>
  Layer.sync(Resolver, () => {
    const cache = new Cache();
    const servers = settings.servers ?? systemServers();
    const ask = Effect.fnUntraced(function* (name: string, type: QueryType) {
      const key = `${type} ${name}`;
      const now = yield* Clock.currentTimeMillis;
      const kept = cache.get(key, now);
      if (kept !== null) return kept;
      let last: Said = { _tag: "Trouble", reason: "no name server is configured" };
      for (let round = 0; round < settings.attempts; round++) {
        for (const server of servers) {
          last = yield* Effect.promise(() => exchange(server, name, type, settings.timeoutMs));
          if (last._tag !== "Trouble" && last._tag !== "Truncated") {
            cache.put(key, last, now);
            return last;
          }
        }
      }
      return last;
    });
    /** Asks on where an answer stops at an alias. */
    const query = Effect.fnUntraced(function* (name: string, type: QueryType) {
      let said = yield* ask(name, type);
      for (let i = 1; said._tag === "Alias" && i <= MAX_ALIASES; i++) {
        said = yield* ask(said.target, type);
      }
      return said._tag === "Alias" ? TOO_MANY_ALIASES : said;
    });
    const addresses = Effect.fnUntraced(function* (host: string) {
      const [six, four] = yield* Effect.all([query(host, "AAAA"), query(host, "A")], {
        concurrency: 2,
      });
      const found: Array<string> = [];
      for (const said of [six, four]) {
        if (said._tag !== "Records") continue;
        for (const r of said.records) if (r.type === "A" || r.type === "AAAA") found.push(r.data);
      }
      if (found.length > 0) return { _tag: "Addresses", addresses: found } satisfies AddressAnswer;
      for (const said of [six, four]) {
        if (said._tag === "Trouble") return said satisfies AddressAnswer;
      }
      return (six._tag === "NoSuchDomain" && four._tag === "NoSuchDomain"
        ? { _tag: "NoSuchDomain" }
        : { _tag: "NoAddress" }) satisfies AddressAnswer;
    });
    const mailExchangers = Effect.fnUntraced(function* (domain: string) {
      const said = yield* query(domain, "MX");
      if (said._tag === "NoSuchDomain") return { _tag: "NoSuchDomain" } satisfies MxAnswer;
      if (said._tag !== "Records") {
        return {
          _tag: "Trouble",
          reason: said._tag === "Trouble" ? said.reason : "answer cut off",
        } satisfies MxAnswer;
      }
      const all = said.records.flatMap((r) =>
        r.type === "MX"
          ? [{
            preference: r.data.preference ?? 0,
            host: r.data.exchange.replace(/\.$/, "").toLowerCase(),
          }]
          : []
      );
      const [only] = all;
      if (all.length === 1 && only?.host === "") return { _tag: "NullMx" } satisfies MxAnswer;
      // a root name beside others is a mistake of theirs
      const usable = all.filter((e) => e.host !== "");
      if (usable.length > 0) {
        return {
          _tag: "Exchangers",
          exchangers: ordered(usable),
          implicit: false,
        } satisfies MxAnswer;
      }
      const own = yield* addresses(domain);
      return (own._tag === "Addresses"
        ? { _tag: "Exchangers", exchangers: [{ preference: 0, host: domain }], implicit: true }
        : own) satisfies MxAnswer;
    });
    return Resolver.of({ mailExchangers, addresses });
  });
