/** Batches delivery events, so that a thousand log lines cost one fiber. */
import { Effect } from "effect";
import type { DeliveryEvent } from "../job/outcome.ts";

const GATHER_MS = 10;

/** One log line; deliveries that went well at Debug, the rest at Info. */
const line = (event: DeliveryEvent): Effect.Effect<void> =>
  event.result === "delivered"
    ? Effect.logDebug(`message ${event.result}`, event)
    : Effect.logInfo(`message ${event.result}`, event);

export class Events {
  readonly #run: (effect: Effect.Effect<void>) => void;
  #gathered: Array<DeliveryEvent> = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `run` starts an effect in the background. */
  constructor(run: (effect: Effect.Effect<void>) => void) {
    this.#run = run;
  }

  add(events: ReadonlyArray<DeliveryEvent>): void {
    for (const e of events) this.#gathered.push(e);
    this.#timer ??= setTimeout(() => this.#run(this.flush), GATHER_MS);
  }

  /** Logs what was gathered; at the end, what is left. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const events = this.#gathered;
    this.#gathered = [];
    return Effect.forEach(events, line, { discard: true });
  });
}
