/**
 * Batches deliveries that need no report, so that those of one turn of the event loop are one record in the spool,
 * and cost one Effect.
 */
import { setImmediate } from "node:timers";
import { Clock, Effect } from "effect";
import { hopKey } from "../../ports/routes.ts";
import type { Spool } from "../../ports/spool.ts";
import type { Job } from "../job/job.ts";
import { type DeliveryEvent, eventOf, type Result, settlementOf, takenAs } from "../job/outcome.ts";

interface Gathered {
  readonly job: Job;
  readonly results: ReadonlyArray<Result>;
}

export interface DeliveredPorts {
  readonly spool: Spool["Service"];
  /** Starts an effect in the background. */
  readonly run: (effect: Effect.Effect<void>) => void;
  /** Gets one event per recipient once it is recorded. */
  readonly tell: (events: ReadonlyArray<DeliveryEvent>) => void;
  /** The job is over and recorded. */
  readonly over: (job: Job) => void;
  /** What the spool did not take, to be offered again. */
  readonly again: (job: Job, results: ReadonlyArray<Result>) => void;
}

/** Taken for every recipient, and nobody asked to be told. */
export const plain = (results: ReadonlyArray<Result>): boolean =>
  results.length > 0 &&
  results.every((r) => r.verdict.kind === "accepted" && r.notice === undefined);

export class Delivered {
  readonly #ports: DeliveredPorts;
  #gathered: Array<Gathered> = [];

  constructor(ports: DeliveredPorts) {
    this.#ports = ports;
  }

  /** `results` are `plain`. */
  add(job: Job, results: ReadonlyArray<Result>): void {
    this.#gathered.push({ job, results });
    if (this.#gathered.length === 1) setImmediate(() => this.#ports.run(this.flush));
  }

  /** Records what was gathered; at the end, what is left. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    const gathered = this.#gathered;
    this.#gathered = [];
    return gathered.length === 0 ? Effect.void : this.#record(gathered);
  });

  #record(gathered: ReadonlyArray<Gathered>): Effect.Effect<void> {
    const { spool, tell, over, again } = this.#ports;
    const settled = gathered.map(({ job: { delivery, route }, results }) => {
      const hop = hopKey(route.hop);
      const settlements = results.map((r) => settlementOf(delivery, hop, r, takenAs(r)));
      return { message: delivery.message, hop, settlements };
    });
    return spool.settleAll(settled).pipe(
      Effect.andThen(Clock.currentTimeMillis),
      Effect.map((now) => {
        gathered.forEach(({ job, results }, i) => {
          const { hop, settlements } = settled[i]!;
          tell(results.map((r, k) => eventOf(job.delivery, hop, r, settlements[k]!.outcome, now)));
          over(job);
        });
      }),
      Effect.catch(() =>
        Effect.sync(() => {
          for (const { job, results } of gathered) again(job, results);
        })
      ),
    );
  }
}
