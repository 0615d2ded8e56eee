/** The event loop's side of the table of events. Implements `ports/outbox.ts`. */
import { Effect } from "effect";
import type { Outbox } from "../../ports/outbox.ts";
import { Signal } from "../../timing/signal.ts";
import type { DatabaseThread } from "./group_commit.ts";

/** Other processes change the queue too, and say nothing of it. */
const POLL = "1 second";

export class SpoolOutbox {
  readonly #thread: DatabaseThread;
  readonly #changed = new Signal();

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  /** The queue has changed. */
  stir(): void {
    this.#changed.wake();
  }

  readonly next: Outbox["Service"]["next"] = (listener, limit) =>
    this.#thread.run("events", { op: "events", listener, limit });

  readonly taken: Outbox["Service"]["taken"] = (listener, page) =>
    Effect.asVoid(
      this.#thread.run("told", { op: "told", listener, page: { ...page, events: [] } }),
    );

  readonly add: Outbox["Service"]["add"] = (events) =>
    Effect.map(this.#thread.run("announce", { op: "announce", events }), () => this.stir());

  readonly more: Effect.Effect<void> = Effect.asVoid(
    Effect.timeoutOption(this.#changed.next, POLL),
  );
}
