/** Counts delayed and refused attempts, by the name of the throttle. RFC 5321 §7.8 */
import { Context, Metric } from "effect";
import * as say from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";
import type { Quota } from "./quota.ts";

export const THROTTLES = [
  "errors",
  "idle_commands",
  "auth_failures",
  "auth_delayed",
  "auth_locked",
  "connections",
  "connections_per_address",
  "connections_per_account",
  "messages_per_hour",
  "recipients_per_hour",
  "null_senders_per_hour",
  "new_recipients_per_day",
] as const;

export type Throttle = typeof THROTTLES[number];

const counter = Metric.counter("postern_throttled_total", {
  description: "Commands, logins and connections that a throttle delayed or refused",
  incremental: true,
});

const none = Context.empty();

/** Made once, so that counting is an addition. */
const count = new Map(
  THROTTLES.map((throttle) => [throttle, Metric.withAttributes(counter, { throttle })] as const),
);

/** One more. Costs nothing while nobody is throttled. */
export const throttled = (throttle: Throttle): void => count.get(throttle)?.updateUnsafe(1, none);

/** Whether the account may send that much more now; where not, that is counted. */
export const withinQuota = (quota: Quota, ...message: Parameters<Quota["exceeded"]>): boolean => {
  const limit = quota.exceeded(...message);
  if (limit !== null) throttled(limit);
  return limit === null;
};

/** How often so far. */
export const throttledCount = (throttle: Throttle): number =>
  Number(count.get(throttle)?.valueUnsafe(none).count ?? 0);

const OF: ReadonlyMap<Reply, Throttle> = new Map([
  [say.TOO_MANY_ERRORS, "errors"],
  [say.TOO_MANY_IDLE, "idle_commands"],
  [say.TOO_MANY_FAILURES, "auth_failures"],
  [say.OVERLOADED, "connections"],
  [say.TOO_MANY_CONNECTIONS, "connections_per_address"],
]);

/** Counts a reply that closes a session, where a throttle is behind it. */
export const countClosing = (reply: Reply): void => {
  const throttle = OF.get(reply);
  if (throttle !== undefined) throttled(throttle);
};
