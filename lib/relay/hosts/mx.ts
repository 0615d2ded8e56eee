/**
 * The hosts that take a domain's mail, in the order in which they are tried. RFC 5321 §5.1, RFC 7505
 *
 * Asks the Resolver; connects to nothing.
 */
import { Effect } from "effect";
import { BlockList, isIP } from "node:net";
import type { TroubleKind } from "../../ports/dns.ts";
import {
  type AddressAnswer,
  type Exchanger,
  type MxAnswer,
  Resolver,
} from "../../ports/resolver.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";

export interface MxHost {
  /** Name of the exchanger: what TLS is checked against. */
  readonly host: string;
  readonly address: string;
  /** DNSSEC vouches for the address. RFC 7672 §2.1.3 */
  readonly secure: boolean;
  /** What the host is an alias of; null where it is none. */
  readonly alias: string | null;
}

export type MxPlan =
  | {
    readonly _tag: "Hosts";
    readonly hosts: ReadonlyArray<MxHost>;
    /** DNSSEC vouches for the list of exchangers. RFC 7672 §2.2.1 */
    readonly secure: boolean;
    /** What the domain is an alias of; null where it is none. */
    readonly alias: string | null;
  }
  | { readonly _tag: "None"; readonly verdict: Verdict };

/** At least two addresses are tried, and never more than this. RFC 5321 §5.1 */
const MAX_ADDRESSES = 10;
const MAX_EXCHANGERS = 20;

const none = (kind: "temporary" | "permanent", status: string, text: string): MxPlan => ({
  _tag: "None",
  verdict: ours(kind, status, text),
});

const NO_DOMAIN = none("permanent", "5.1.2", "Recipient domain does not exist");
const NULL_MX = none("permanent", "5.1.10", "Recipient domain accepts no mail (null MX)");
const NO_ADDRESS = none("permanent", "5.4.4", "Recipient domain has no host that takes mail");
const LOOP = none("permanent", "5.4.6", "Mail for the recipient domain loops back to this server");

/** Why nothing is known, each reason with a status of its own for the queue. RFC 3463 §3.5 */
const TROUBLE: Readonly<Record<TroubleKind, string>> = {
  servfail: "DNS failed for the recipient domain (SERVFAIL)",
  refused: "DNS servers refuse to answer for the recipient domain",
  timeout: "DNS gave no answer in time for the recipient domain",
  bogus: "DNS answer for the recipient domain is not valid (DNSSEC)",
  malformed: "DNS gave a malformed answer for the recipient domain",
  unreachable: "No DNS server can be reached",
  loop: "DNS aliases of the recipient domain lead in a circle",
  name: "Recipient domain has a name that DNS cannot carry",
};

export const trouble = (kind: TroubleKind): MxPlan => none("temporary", "4.4.3", TROUBLE[kind]);

/** Whom we take for ourselves. RFC 5321 §5.1 */
export interface Ourselves {
  /** Lower case. */
  readonly names: ReadonlyArray<string>;
  readonly isOurs: (address: string) => boolean;
}

/** Loopback, and "this host", which leads there too; IPv4 in an IPv6 address included. RFC 6890 §2.2.2, §2.2.3 */
const THIS_MACHINE = new BlockList();
for (const network of ["127.0.0.0", "0.0.0.0"]) {
  THIS_MACHINE.addSubnet(network, 8, "ipv4");
  THIS_MACHINE.addSubnet(`::ffff:${network}`, 104, "ipv6");
}
THIS_MACHINE.addSubnet("::", 127, "ipv6");

export const isThisMachine = (address: string): boolean =>
  THIS_MACHINE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

/** Ourselves in the list: that preference and everything worse goes. RFC 5321 §5.1 */
const beforeOurselves = <E extends { readonly preference: number }>(
  list: ReadonlyArray<E>,
  isUs: (e: E) => boolean,
): ReadonlyArray<E> => {
  const best = Math.min(...list.filter(isUs).map((e) => e.preference));
  return list.filter((e) => e.preference < best);
};

/** The exchangers that may be used; or why there are none. */
const usable = (
  answer: MxAnswer,
  ownNames: ReadonlyArray<string>,
): ReadonlyArray<Exchanger> | MxPlan => {
  switch (answer._tag) {
    case "NullMx":
      return NULL_MX;
    case "NoSuchDomain":
      return NO_DOMAIN;
    case "NoAddress":
      return NO_ADDRESS;
    case "Trouble": // never falls to the domain's own addresses. RFC 5321 §5.1
      return trouble(answer.kind);
    case "NotAsked":
      return trouble("unreachable");
    case "Exchangers": {
      // an IP address is no host name, the root none that takes mail. RFC 5321 §5.1, RFC 7505 §3
      const names = answer.exchangers.filter((e) => e.host !== "" && isIP(e.host) === 0);
      if (names.length === 0) return NO_ADDRESS;
      const kept = beforeOurselves(names, (e) => ownNames.includes(e.host.toLowerCase()));
      return kept.length === 0 ? LOOP : kept.slice(0, MAX_EXCHANGERS);
    }
  }
};

const AT_ONCE = { concurrency: "unbounded" } as const;

const isPlan = (x: ReadonlyArray<Exchanger> | MxPlan): x is MxPlan => "_tag" in x;

/**
 * Addresses to try for `domain` (A-labels): exchangers by ascending preference, each host's IPv6
 * before its IPv4. Trouble with one exchanger's addresses does not hide the others.
 */
export const planMx: (
  domain: string,
  us: Ourselves,
) => Effect.Effect<MxPlan, never, Resolver> = Effect.fnUntraced(function* (domain, us) {
  const resolver = yield* Resolver;
  const list = yield* resolver.mailExchangers(domain);
  const exchangers = usable(list, us.names);
  if (isPlan(exchangers)) return exchangers;
  const answers = yield* Effect.forEach(exchangers, (e) => resolver.addresses(e.host), AT_ONCE);
  const unknown = answers.find((a) => a._tag === "Trouble");
  const found = exchangers.map((e, i) => ({ ...e, hosts: hostsOf(e.host, answers[i]) }));
  const kept = beforeOurselves(found, (e) => e.hosts.some((h) => us.isOurs(h.address)));
  const hosts = kept.flatMap((e) => e.hosts);
  if (hosts.length > 0) {
    const { secure = false, alias = null } = list._tag === "Exchangers" ? list : {};
    return { _tag: "Hosts" as const, hosts: hosts.slice(0, MAX_ADDRESSES), secure, alias };
  }
  if (unknown?._tag === "Trouble") return trouble(unknown.kind);
  return kept.length < found.length ? LOOP : NO_ADDRESS;
});

/** One host at its addresses, in the resolver's order. */
export const hostsOf = (
  host: string,
  answer: AddressAnswer | undefined,
): ReadonlyArray<MxHost> => {
  if (answer?._tag !== "Addresses") return [];
  const { secure = false, alias = null } = answer;
  return answer.addresses.map((address) => ({ host, address, secure, alias }));
};
