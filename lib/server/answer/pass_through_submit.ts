/**
 * Pass-through: the message goes to its next hop while the client waits, and the reply of the hop is the client's.
 * Nothing is stored. RFC 5321 §4.1.1.4, §4.2.5, §4.5.3.2.6
 */
import { Effect } from "effect";
import { printMailboxAscii } from "../../address/mailbox.ts";
import { type HandedOver, HandOver, type Passing } from "../../ports/hand_over.ts";
import { type Credentials, hopKey, type Route } from "../../ports/routes.ts";
import type { Staging } from "../../ports/spool.ts";
import * as say from "../../reply/catalog.ts";
import { type Reply, summary } from "../../reply/reply.ts";
import { shown } from "../../stages/facts.ts";
import { Refusal, refusal } from "../../stages/refusal.ts";
import type { Signed } from "../../stages/submission.ts";
import type { Decision, Facts } from "../../stages/trail.ts";
import { replyTo } from "./pass_through_reply.ts";
import { countPassThrough } from "./pass_through_metric.ts";

/** What the client gets, or the submission that is to be kept after all; either with what the trail says of it. */
export type PassedOn =
  | Taken
  | { readonly _tag: "Keep"; readonly signed: Signed };

/** The next hop has it: its words, and who said them. */
export interface Taken {
  readonly _tag: "Taken";
  readonly signed: Signed;
  readonly reply: Reply;
  readonly by: TakenBy;
}

/** The hop that has taken a message which was passed through. */
export type TakenBy = Extract<HandedOver, { readonly _tag: "Taken" }>;

/**
 * `login`: the client's own, null where it showed no password. Refused in the next hop's words, or where it cannot
 * be used with 451; `Keep` where one transaction cannot settle it and the route has a spool.
 */
export const submitPassThrough = Effect.fnUntraced(function* (
  signed: Signed,
  body: Staging,
  login: Credentials | null,
): Effect.fn.Return<PassedOn, Refusal> {
  const [first] = signed.routed;
  const over = yield* HandOver;
  const { passThrough } = signed;
  if (passThrough === undefined || first === undefined || over === null) {
    return { _tag: "Keep", signed };
  }
  if (passThrough.login && login === null) {
    const facts = { hop: shown(hopKey(first.route.hop)), login: "no password was shown" };
    return yield* refusal(
      signed.trail,
      "submit",
      "forward_login",
      say.NEEDS_PASSWORD_LOGIN,
      facts,
    );
  }
  const came = yield* over.pass({
    ...passingOf(signed, first.route),
    body,
    login: passThrough.login ? login : null,
  });
  countPassThrough(came._tag);
  const reply = replyTo(came, signed.id);
  const facts = factsOf(signed, came);
  yield* tell(signed, came, reply, facts);
  if (came._tag === "Taken") {
    const durability = { ...facts, durability: "next hop" };
    return { _tag: "Taken", signed: decided(signed, "taken", durability), reply, by: came };
  }
  if (passThrough.spool && (came._tag === "Divided" || came._tag === "Unsuited")) {
    return { _tag: "Keep", signed: decided(signed, "spooled", { ...facts, durability: "spool" }) };
  }
  const { trail } = refusal(
    signed.trail,
    "submit",
    `pass_through.${RULE[came._tag]}`,
    reply,
    facts,
  );
  // the hop may have seen our id in Received
  return yield* new Refusal({ reply, trail, id: signed.id });
});

const RULE: Readonly<Record<HandedOver["_tag"], string>> = {
  Taken: "taken",
  Refused: "refused",
  Divided: "divided",
  Unsuited: "unsuited",
  LoginRefused: "login",
  Unreachable: "unreachable",
  Doubtful: "doubtful",
};

const passingOf = (s: Signed, route: Route): Omit<Passing, "body" | "login"> => ({
  id: s.id,
  acceptedAt: s.receivedAt,
  account: s.account.id,
  envelope: s.envelope,
  recipients: s.routed.map(({ mailbox }) => printMailboxAscii(mailbox)),
  route,
  head: s.leaving,
  bodyOctets: s.body.octets,
  eightBit: s.body.eightBit,
});

const decided = (s: Signed, what: "taken" | "spooled", facts: Facts): Signed => {
  const decision: Decision = {
    stage: "submit",
    verdict: "pass",
    rule: `pass_through.${what}`,
    facts,
  };
  return { ...s, trail: [...s.trail, decision] };
};

const UNSUITED = {
  reports: "success would have to be reported from here",
  recipients: "it takes fewer recipients at once",
} as const;

const factsOf = ({ routed: [first] }: Signed, came: HandedOver): Facts => ({
  hop: first === undefined ? null : shown(hopKey(first.route.hop)),
  remote: came.remote === null ? null : shown(came.remote),
  ...came._tag === "Unsuited" ? { because: UNSUITED[came.why] } : { said: shown(came.reply.text) },
  ...(came._tag === "Divided" || came._tag === "Refused") && came.recipient !== null
    ? { recipient: shown(came.recipient) }
    : {},
  ...came._tag === "Doubtful" ? { taken: "not known: it may arrive twice" } : {},
});

/** One line a message: nothing else here remembers it. */
const tell = (s: Signed, came: HandedOver, reply: Reply, facts: Facts): Effect.Effect<void> => {
  const line = {
    id: s.id,
    session: s.session.id,
    login: s.account.id,
    ...facts,
    reply: summary(reply),
  };
  return came._tag === "Doubtful"
    ? Effect.logWarning("a message may have been taken by its next hop", line)
    : came._tag === "Taken"
    ? Effect.logInfo("message passed through", line)
    : Effect.logInfo("message not passed through", line);
};
