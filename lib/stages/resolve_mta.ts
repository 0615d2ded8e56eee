/**
 * Sixth stage: which MTA gets each recipient. At RCPT a recipient without one is refused; at the end of data every
 * recipient has its route, and the answer of DNS is only recorded: the relay asks again. RFC 5321 §5.1
 */
import { Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { type Field, unfolded } from "../message/header.ts";
import { type MxAnswer, Resolver } from "../ports/resolver.ts";
import { hopKey, type NextHop, type Route, type RouteFacts, Routes } from "../ports/routes.ts";
import { NO_ADDRESS_FOR_DOMAIN, NO_ROUTE, NO_SUCH_DOMAIN, NULL_MX } from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { durabilityOf, type Stands, standsFor } from "./durability.ts";
import { address, addresses, items, shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Attributed, Routed, RoutedRecipient, Stage } from "./submission.ts";
import type { Decision } from "./trail.ts";

/**
 * The route of one recipient; what runs at RCPT. Refused where there is no route (550 5.7.1), and, where its
 * domain's own exchangers are to get it, where that takes no mail (556 5.1.10), does not exist or has no
 * address (550 5.1.2). Trouble in DNS is no ground for refusal. RFC 7505 §4.1, RFC 5321 §3.3
 */
export const checkRecipient: (
  recipient: Mailbox,
  message: RouteFacts,
) => Effect.Effect<Route, Refusal, Routes | Resolver> = Effect.fnUntraced(
  function* (recipient: Mailbox, message: RouteFacts) {
    const route = yield* (yield* Routes).find(recipient, message);
    const facts = { recipient: address(recipient) };
    if (route === null) {
      return yield* refusal([], "resolve_mta", "route.none", NO_ROUTE, facts);
    }
    if (route.hop._tag !== "Mx") return route;
    const answer = yield* (yield* Resolver).mailExchangers(route.hop.domain);
    const no = refusalOf(answer);
    return no === null ? route : yield* refusal([], "resolve_mta", no.rule, no.reply, facts);
  },
);

/** Before the message is there, its size is what MAIL declared. RFC 1870 §3 */
export const factsAtRcpt = ({ account, mail }: {
  readonly account: string | null;
  readonly mail: Pick<Envelope, "returnPath" | "declaredSize" | "priority">;
}): RouteFacts => ({
  sender: mail.returnPath,
  account,
  size: mail.declaredSize ?? 0,
  priority: mail.priority ?? 0,
});

const refusalOf = (answer: MxAnswer): { readonly rule: string; readonly reply: Reply } | null => {
  switch (answer._tag) {
    case "NullMx":
      return { rule: "SMTP-30", reply: NULL_MX };
    case "NoSuchDomain":
      return { rule: "SMTP-29", reply: NO_SUCH_DOMAIN };
    case "NoAddress":
      return { rule: "HOP-03", reply: NO_ADDRESS_FOR_DOMAIN };
    case "Exchangers":
    case "Trouble":
    case "NotAsked":
      return null;
  }
};

/** `TLS-Required: No`, once: the only value there is. REQUIRETLS beside it wins. RFC 8689 §5 */
const tlsOptional = (fields: ReadonlyArray<Field>): boolean => {
  const [only, ...more] = fields.filter((f) => f.key === "tls-required");
  return only !== undefined && more.length === 0 && /^\s*no\s*$/i.test(unfolded(only));
};

/** Recipients that share a next hop. */
interface Share {
  readonly route: Route;
  readonly recipients: Array<Mailbox>;
}

/**
 * At most this many hops are listed one by one, and this many domains looked up: the reply cannot wait for a
 * thousand.
 */
const MAX_TOLD = 20;

/**
 * Gives every recipient its route, and the message what its 250 will stand for. Refused with 550 5.7.1 where one
 * has none, with 550 5.5.3 or 554 5.3.3 where it needs a queue and its route has none.
 */
export const resolveMta: Stage<Attributed, Routed, Refusal, Routes | Resolver> = Effect.fnUntraced(
  function* (s: Attributed) {
    const routes = yield* Routes;
    const message: RouteFacts = {
      sender: s.envelope.returnPath,
      account: s.account.id,
      size: s.head.length + s.body.octets,
      priority: s.envelope.priority ?? 0,
    };
    const routed: Array<RoutedRecipient> = [];
    const shares = new Map<string, Share>();
    for (const { mailbox } of s.envelope.recipients) {
      const route = yield* routes.find(mailbox, message);
      if (route === null) {
        const facts = { recipient: address(mailbox) };
        return yield* refusal(s.trail, "resolve_mta", "route.none", NO_ROUTE, facts);
      }
      routed.push({ mailbox, route });
      const key = hopKey(route.hop);
      const share = shares.get(key);
      if (share === undefined) shares.set(key, { route, recipients: [mailbox] });
      else share.recipients.push(mailbox);
    }
    const durability = durabilityOf(s, routed);
    if (durability._tag === "Neither") {
      const facts = { because: durability.why };
      return yield* refusal(s.trail, "resolve_mta", "durability", durability.reply, facts);
    }
    // of several next hops, one that wants a copy gets one for the whole message
    const how = {
      ...durability._tag === "NextHop" ? { passThrough: durability.passThrough } : {},
      ...durability._tag === "Spool" && routed.some(({ route }) => route.replicated === true)
        ? { replicated: true as const }
        : {},
    };
    const stands = standsFor(how);
    const [only, ...others] = shares;
    const told = only !== undefined && others.length === 0
      ? [yield* tell(only, stands)]
      : yield* Effect.forEach(
        [...shares].slice(0, MAX_TOLD),
        (share) => tell(share, stands),
        TOGETHER,
      );
    if (shares.size > MAX_TOLD) told.push(pass("route", { moreHops: shares.size - MAX_TOLD }));
    if (durability._tag === "Spool" && durability.why !== null) {
      told.push(pass("durability", { durability: stands, because: durability.why }));
    }
    const optional = s.envelope.requireTls !== true && tlsOptional(s.header.fields);
    if (optional) told.push(pass("EXT-RTLS-3", { tlsRequired: false }));
    return {
      ...s,
      _tag: "Routed" as const,
      ...optional ? { envelope: { ...s.envelope, tlsOptional: true as const } } : {},
      ...how,
      routed,
      trail: [...s.trail, ...told],
    };
  },
);

const TOGETHER = { concurrency: "unbounded" } as const;

const pass = (rule: string, facts: Decision["facts"]): Decision => ({
  stage: "resolve_mta",
  verdict: "pass",
  rule,
  facts,
});

/** `durability`: what the 250 will promise. */
const tell = Effect.fnUntraced(function* (
  [hop, share]: readonly [string, Share],
  durability: Stands,
): Effect.fn.Return<Decision, never, Resolver> {
  const facts = {
    hop: shown(hop),
    route: share.route.pattern,
    recipients: addresses(share.recipients),
    durability,
  };
  const exchangers = yield* exchangersOf(share.route.hop);
  return pass("route", exchangers === null ? facts : { ...facts, exchangers });
});

/** What DNS says of a hop that is the recipient domain's own; null for others. */
const exchangersOf = (
  hop: NextHop,
): Effect.Effect<ReadonlyArray<string> | null, never, Resolver> =>
  hop._tag === "Mx"
    ? Effect.flatMap(
      Resolver,
      (resolver) => Effect.map(resolver.mailExchangers(hop.domain), describe),
    )
    : Effect.succeed(null);

const describe = (answer: MxAnswer): ReadonlyArray<string> => {
  switch (answer._tag) {
    case "Exchangers":
      return items(
        answer.exchangers,
        (e) => shown(answer.implicit ? `${e.host} (no MX)` : `${e.preference} ${e.host}`),
      );
    case "NullMx":
      return ["null MX: takes no mail"];
    case "NoSuchDomain":
      return ["no such domain"];
    case "NoAddress":
      return ["neither MX nor address"];
    case "Trouble":
      return [shown(`not known: ${answer.reason}`)];
    case "NotAsked":
      return ["not asked"];
  }
};
