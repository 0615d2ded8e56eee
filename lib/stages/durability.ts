/**
 * What the 250 to a submission promises, by its routes: the message in the spool, there and on a second server, or
 * the next hop's own 250.
 *
 * One transaction at one hop settles a message as a whole. What it cannot settle needs a queue: it goes by the
 * spool, or is refused where its route has none. RFC 5321 §4.2.5, §4.5.3.1.10
 */
import { finalHop, hopKey, type PassThrough, type Route } from "../ports/routes.ts";
import { CANNOT_HOLD, CANNOT_PROMISE_TIME, OTHER_HOP, SEVERAL_HOPS } from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import type { Attributed, RoutedRecipient } from "./submission.ts";

/** `why`, in words: what asked for a queue although a route would pass the message through. */
export type Durability =
  | { readonly _tag: "Spool"; readonly why: string | null }
  | { readonly _tag: "NextHop"; readonly passThrough: PassThrough }
  | { readonly _tag: "Neither"; readonly why: string; readonly reply: Reply };

const SPOOL: Durability = { _tag: "Spool", why: null };

/** What a 250 promises, in a word. */
export type Stands = "spool" | "replicated" | "next hop";

export const standsFor = (
  s: { readonly passThrough?: PassThrough; readonly replicated?: true },
): Stands =>
  s.passThrough !== undefined ? "next hop" : s.replicated === true ? "replicated" : "spool";

export const durabilityOf = (
  s: Pick<Attributed, "envelope" | "hold">,
  routed: ReadonlyArray<RoutedRecipient>,
): Durability => {
  const passing = routed.find(({ route }) => route.passThrough !== undefined);
  const passThrough = passing?.route.passThrough;
  if (passThrough === undefined) return SPOOL;
  const need = needOf(s, routed);
  if (need === null) return { _tag: "NextHop", passThrough };
  // one that has no queue decides for all of them
  return routed.every(({ route }) => queued(route))
    ? { _tag: "Spool", why: need.why }
    : { _tag: "Neither", ...need };
};

/** Whether a message for it may wait here. */
export const queued = ({ passThrough }: Route): boolean =>
  passThrough === undefined || passThrough.spool;

interface Need {
  readonly why: string;
  readonly reply: Reply;
}

/** What only a queue can do; null where nothing is asked of one. */
const needOf = (
  { envelope, hold }: Pick<Attributed, "envelope" | "hold">,
  routed: ReadonlyArray<RoutedRecipient>,
): Need | null => {
  if (hold !== undefined) return { why: "it is held", reply: CANNOT_HOLD };
  if (envelope.hold !== undefined) return { why: "its sender keeps it back", reply: CANNOT_HOLD };
  if (envelope.deliverBy !== undefined) {
    return { why: "it asks for delivery by a time", reply: CANNOT_PROMISE_TIME };
  }
  const [first, ...others] = routed;
  if (first === undefined || others.length === 0) return null;
  if (others.some((r) => !together(r.route, first.route))) {
    return { why: "its recipients have several next hops", reply: SEVERAL_HOPS };
  }
  // one reply per recipient, when it is too late to take one back. RFC 2033 §4.2
  return finalHop(first.route.hop)
    ? { why: "LMTP answers for each recipient", reply: SEVERAL_HOPS }
    : null;
};

/** One transaction reaches both. */
const together = (a: Route, b: Route): boolean =>
  a.passThrough !== undefined && b.passThrough !== undefined &&
  a.passThrough.login === b.passThrough.login && hopKey(a.hop) === hopKey(b.hop);

/**
 * One more recipient beside the first, at RCPT: null where both can go in one transaction, or by the spool; else
 * 452 4.5.3, after which a client sends the rest in another transaction. RFC 5321 §4.5.3.1.10
 */
export const besides = (route: Route, first: Route): Reply | null => {
  if (queued(route) && queued(first)) return null;
  return together(route, first) && !finalHop(route.hop) ? null : OTHER_HOP;
};
