/** Counts the results of pass-through. */
import { Context, Metric } from "effect";
import type { HandedOver } from "../../ports/hand_over.ts";

const RESULTS = {
  Taken: "taken",
  Refused: "refused",
  Divided: "divided",
  Unsuited: "unsuited",
  LoginRefused: "login_refused",
  Unreachable: "unreachable",
  Doubtful: "doubtful",
} as const satisfies Readonly<Record<HandedOver["_tag"], string>>;

const counter = Metric.counter("postern_pass_through_total", {
  description: "Messages that were handed to their next hop while the client waited, by result",
  incremental: true,
});

const none = Context.empty();

/** Made once, so that counting is an addition. */
const count = new Map(
  Object.values(RESULTS).map((r) => [r, Metric.withAttributes(counter, { result: r })] as const),
);

export const countPassThrough = (how: HandedOver["_tag"]): void => {
  count.get(RESULTS[how])?.updateUnsafe(1, none);
};

/** How often so far. */
export const passThroughCount = (how: HandedOver["_tag"]): number =>
  Number(count.get(RESULTS[how])?.valueUnsafe(none).count ?? 0);
