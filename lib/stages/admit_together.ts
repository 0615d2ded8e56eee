/**
 * The further decision at RCPT for a route without a queue: a recipient that one transaction at the next hop cannot
 * settle together with the others is refused now rather than at the end of the data. RFC 5321 §4.5.3.1.10
 */
import { Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { type Route, type RouteFacts, Routes } from "../ports/routes.ts";
import { CANNOT_HOLD, CANNOT_PROMISE_TIME, NEEDS_PASSWORD_LOGIN } from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { besides, queued } from "./durability.ts";
import { HeaderPolicy } from "./policy.ts";

export interface OneMore {
  readonly mailbox: Mailbox;
  /** The first recipient that was taken before; null: this is the first. */
  readonly first: Mailbox | null;
  readonly mail: Pick<Envelope, "hold" | "deliverBy">;
}

/** `password`: the client showed one. Null where nothing stands against it. */
export const admitTogether = Effect.fnUntraced(function* (
  { mailbox, first, mail }: OneMore,
  message: RouteFacts,
  password: boolean,
): Effect.fn.Return<Reply | null, never, Routes | HeaderPolicy> {
  const { rewrites } = yield* HeaderPolicy;
  const { find } = yield* Routes;
  const all: Array<Route> = [];
  for (const given of first === null ? [mailbox] : [first, mailbox]) {
    for (const to of rewrites?.recipients(given) ?? [given]) {
      const route = yield* find(to, message);
      if (route !== null) all.push(route);
    }
  }
  const [before, ...rest] = all;
  if (before === undefined) return null;
  for (const route of all) {
    const no = queued(route) ? null : alone(route, mail, password);
    if (no !== null) return no;
  }
  for (const route of rest) {
    const no = besides(route, before);
    if (no !== null) return no;
  }
  return null;
});

/** Why a route without a queue cannot have the message, regardless of other recipients. */
const alone = (route: Route, mail: OneMore["mail"], password: boolean): Reply | null => {
  if (route.passThrough?.login === true && !password) return NEEDS_PASSWORD_LOGIN;
  if (mail.hold !== undefined) return CANNOT_HOLD;
  return mail.deliverBy === undefined ? null : CANNOT_PROMISE_TIME;
};
