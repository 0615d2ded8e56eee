/**
 * The Resolver port: typed look-ups, and the rules of mail for MX and addresses. RFC 5321 §5.1, RFC 7505 §3
 *
 * NXDOMAIN, no data and each kind of trouble stay different things.
 */
import { Clock, Effect, Layer } from "effect";
import type { DnsAnswer, DnsNoData, Mx, RecordType } from "../ports/dns.ts";
import { type AddressAnswer, type Exchanger, type MxAnswer, Resolver } from "../ports/resolver.ts";
import { Lookups } from "./lookups.ts";
import type { DnsServer, TrustAd } from "./server.ts";
import { systemServers } from "./system.ts";

/** Which name servers are asked, how patiently, and how much they are believed. */
export interface ResolverSettings {
  /** Null: those of /etc/resolv.conf. */
  readonly servers: ReadonlyArray<DnsServer> | null;
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
  /** For the servers of the system; others say themselves whether they are trusted. */
  readonly trust: TrustAd;
  /** PEM file with authorities for servers over TLS; null: those of the system. */
  readonly ca: string | null;
}

/** RFC 1035 §2.3.4; the flood of exchangers that a domain may name. */
const MAX_EXCHANGERS = 20;

type DnsSeen = Pick<DnsNoData, "secure" | "aliases">;

/** Ascending preference, equal ones in random order. RFC 5321 §5.1 */
const ordered = (all: ReadonlyArray<Exchanger>): ReadonlyArray<Exchanger> =>
  all.map((e) => ({ e, r: Math.random() }))
    .sort((a, b) => a.e.preference - b.e.preference || a.r - b.r)
    .slice(0, MAX_EXCHANGERS)
    .map(({ e }) => e);

/** What MX records say; null where the domain's own addresses are to serve. RFC 7505 §3 */
const exchangersOf = (records: ReadonlyArray<Mx>): MxAnswer | null => {
  const [only] = records;
  if (records.length === 1 && only?.exchange === "") return { _tag: "NullMx" };
  // a root name beside others is a mistake of theirs
  const usable = records.filter((r) => r.exchange !== "")
    .map((r) => ({ preference: r.preference, host: r.exchange }));
  return usable.length === 0
    ? null
    : { _tag: "Exchangers", exchangers: ordered(usable), implicit: false };
};

/** What DNSSEC says of all answers together, and where a chain of aliases ended. */
const vouched = (
  answers: ReadonlyArray<DnsSeen>,
): { readonly secure?: boolean; readonly alias?: string } => {
  const alias = answers[0]?.aliases.at(-1);
  return {
    ...answers.every((a) => a.secure) ? { secure: true } : {},
    ...alias === undefined ? {} : { alias },
  };
};

/** IPv6 first. What one kind found is used where the other is in trouble; half an answer is never "none". */
const addressesOf = (six: DnsAnswer<"AAAA">, four: DnsAnswer<"A">): AddressAnswer => {
  const found = [six, four].filter((a) => a._tag === "Found");
  if (found.length > 0) {
    const addresses = found.flatMap((a) => a.records);
    return { _tag: "Addresses", addresses, ...vouched(found) };
  }
  if (six._tag === "Trouble") return six;
  if (four._tag === "Trouble") return four;
  return six._tag === "NoSuchDomain" && four._tag === "NoSuchDomain"
    ? { _tag: "NoSuchDomain" }
    : { _tag: "NoAddress" };
};

const BOTH = { concurrency: 2 } as const;

/**
 * A stub resolver over UDP, TCP, TLS and HTTPS. Answers never fail: trouble is one of them. RFC 1035,
 * RFC 7858, RFC 8484
 */
export const resolverLayer = (settings: ResolverSettings): Layer.Layer<Resolver> =>
  Layer.effect(
    Resolver,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => lookupsOf(settings)),
        (lookups) => Effect.sync(() => lookups.close()),
      ),
      resolverOf,
    ),
  );

/** For callers without layers. */
export const lookupsOf = ({ servers, trust, ...rest }: ResolverSettings): Lookups =>
  new Lookups({ ...rest, servers: servers === null ? systemServers(trust) : () => servers });

const resolverOf = (lookups: Lookups): Resolver["Service"] => {
  const lookup = <T extends RecordType>(name: string, type: T): Effect.Effect<DnsAnswer<T>> =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => {
        const kept = lookups.kept(name, type, now);
        return kept === null
          ? Effect.promise(() => lookups.lookup(name, type, now))
          : Effect.succeed(kept);
      },
    );
  const addresses = (host: string): Effect.Effect<AddressAnswer> =>
    Effect.map(
      Effect.all([lookup(host, "AAAA"), lookup(host, "A")], BOTH),
      ([six, four]) => addressesOf(six, four),
    );
  const mailExchangers = Effect.fnUntraced(function* (
    domain: string,
  ): Effect.fn.Return<MxAnswer> {
    const answer = yield* lookup(domain, "MX");
    if (answer._tag === "Trouble") return answer;
    if (answer._tag === "NoSuchDomain") return { _tag: "NoSuchDomain" };
    const named = answer._tag === "Found" ? exchangersOf(answer.records) : null;
    if (named?._tag === "Exchangers") return { ...named, ...vouched([answer]) };
    if (named !== null) return named;
    const own = yield* addresses(domain);
    return own._tag === "Addresses"
      ? {
        _tag: "Exchangers",
        exchangers: [{ preference: 0, host: domain }],
        implicit: true,
        ...vouched([answer]),
      }
      : own;
  });
  return Resolver.of({ mailExchangers, addresses, lookup });
};
