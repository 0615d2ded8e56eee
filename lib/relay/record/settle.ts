/**
 * Records the outcome of recipients, with the bounce in the same transaction, and logs it.
 *
 * A result is never dropped: while the spool cannot take it, the write is retried. RFC 5321 §4.5.4.1
 */
import { Clock, Duration, Effect, Random } from "effect";
import type { Ids } from "../../ports/ids.ts";
import { hopKey, type Routes } from "../../ports/routes.ts";
import { type Delivery, type Settlement, Spool } from "../../ports/spool.ts";
import { reportFor } from "../../notices/bounce.ts";
import { DAMAGED } from "../../files/damaged.ts";
import type { Job } from "../job/job.ts";
import {
  type DeliveryEvent,
  eventOf,
  outcomeOf,
  type Result,
  settlementOf,
} from "../job/outcome.ts";
import { reportable } from "./reportable.ts";
import type { RelaySettings } from "../settings.ts";

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;

export type Settle = (
  job: Pick<Job, "delivery"> & { readonly route: Job["route"] | null },
  results: ReadonlyArray<Result>,
) => Effect.Effect<void, never, Spool | Routes | Ids>;

/** `tell` gets one event per recipient once it is recorded. */
export const settler = (
  settings: RelaySettings,
  tell: (events: ReadonlyArray<DeliveryEvent>) => Effect.Effect<void>,
  jumps: { readonly grace: (now: number) => number | null } = NO_JUMPS,
): Settle =>
  Effect.fnUntraced(function* (job, results) {
    if (results.length === 0) return;
    const { delivery } = job;
    const now = yield* Clock.currentTimeMillis;
    const settlements: Array<Settlement> = [];
    const spool = yield* Spool;
    // what was taken out meanwhile has no content either
    if (results.some((r) => r.verdict === DAMAGED && !spool.withdrawn(r.recipient))) {
      yield* Effect.logError(
        "A message was damaged in the spool; it is not sent, and its sender gets a report: check the disk",
        {
          id: delivery.message,
          todo: `\`postern queue show ${delivery.message} --content\` gives what is left of it`,
        },
      );
    }
    const grace = jumps.grace(now);
    const hop = job.route === null ? delivery.hop : hopKey(job.route.hop);
    for (const result of results) {
      const random = result.verdict.kind === "accepted" ? 0 : yield* Random.next;
      const outcome = outcomeOf(delivery, result, now, random, settings.retry, grace);
      settlements.push(settlementOf(delivery, hop, result, outcome));
    }
    for (let pause = FIRST_PAUSE;; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const fault = yield* record(delivery, settlements, results, settings, now);
      if (fault === null) break;
      yield* Effect.logError("Spool does not take a delivery result; it will be offered again", {
        id: delivery.message,
        fault: fault._tag,
        cause: fault.cause,
      });
      yield* Effect.sleep(Duration.millis(pause));
    }
    yield* tell(
      results.map((r, i) => eventOf(delivery, hop, r, settlements[i]!.outcome, now)),
    );
  });

const NO_JUMPS = { grace: () => null };

/** Null where it is recorded. The bounce is made anew for each try, since a failed one keeps nothing. */
const record = Effect.fnUntraced(
  function* (
    delivery: Delivery,
    settlements: ReadonlyArray<Settlement>,
    results: ReadonlyArray<Result>,
    settings: RelaySettings,
    now: number,
  ) {
    const spool = yield* Spool;
    const told = reportable(delivery, settlements, results, settings, now);
    const bounce = told.length === 0
      ? null
      : yield* reportFor(delivery, told, settings.hostname, now, settings.postmasterCopy);
    if (bounce === null) {
      yield* spool.settle(delivery.message, settlements);
    } else {
      yield* Effect.tapError(
        spool.settle(delivery.message, settlements, bounce),
        () => Effect.sync(() => bounce.body.discard()),
      );
    }
    return null;
  },
  (effect) => Effect.catch(effect, (fault) => Effect.succeed(fault)),
);
