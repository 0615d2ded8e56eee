/**
 * The hosts that take a domain's mail, in the order in which they are tried. RFC 5321 §5.1, RFC 7505
 *
 * Asks the Resolver; connects to nothing.
 */
import { Effect } from "effect";
import { isIP } from "node:net";
import type { TroubleKind } from "../ports/dns.ts";
import { type Exchanger, type MxAnswer, Resolver } from "../ports/resolver.ts";
import { ours, type Verdict } from "../smtp/client/verdict.ts";

export interface MxHost {
  /** Name of the exchanger: what TLS is checked against. */
  readonly host: string;
  readonly address: string;
}

export type MxPlan =
  | { readonly _tag: "Hosts"; readonly hosts: ReadonlyArray<MxHost> }
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

/** Why nothing is known, told apart to whoever looks into the queue. RFC 3463 §3.5 */
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

const trouble = (kind: TroubleKind): MxPlan => none("temporary", "4.4.3", TROUBLE[kind]);

/** Ourselves in the list: that preference and everything worse goes. RFC 5321 §5.1 */
const beforeOurselves = (
  list: ReadonlyArray<Exchanger>,
  ownNames: ReadonlyArray<string>,
): ReadonlyArray<Exchanger> => {
  const us = list.filter((e) => ownNames.includes(e.host.toLowerCase()));
  const best = Math.min(...us.map((e) => e.preference));
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
      const kept = beforeOurselves(names, ownNames);
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
  ownNames: ReadonlyArray<string>,
) => Effect.Effect<MxPlan, never, Resolver> = Effect.fnUntraced(function* (domain, ownNames) {
  const resolver = yield* Resolver;
  const exchangers = usable(yield* resolver.mailExchangers(domain), ownNames);
  if (isPlan(exchangers)) return exchangers;
  const answers = yield* Effect.forEach(exchangers, (e) => resolver.addresses(e.host), AT_ONCE);
  const unknown = answers.find((a) => a._tag === "Trouble");
  const hosts = answers.flatMap((answer, i): ReadonlyArray<MxHost> => {
    const host = exchangers[i]?.host;
    return answer._tag === "Addresses" && host !== undefined
      ? answer.addresses.map((address) => ({ host, address }))
      : [];
  });
  if (hosts.length > 0) return { _tag: "Hosts" as const, hosts: hosts.slice(0, MAX_ADDRESSES) };
  return unknown?._tag === "Trouble" ? trouble(unknown.kind) : NO_ADDRESS;
});
