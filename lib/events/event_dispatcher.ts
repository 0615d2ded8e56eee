/**
 * Sends events to listeners: each takes them in order, a page at a time, repeated until it succeeds.
 *
 * Pending events are in the spool, so that a kill loses none; a page may be sent twice.
 */
import { Effect, Layer } from "effect";
import { Outbox, type OutboxPage } from "../ports/outbox.ts";
import type { SpoolError } from "../ports/spool.ts";

export interface Listener {
  readonly name: string;
  /** Events at a time. */
  readonly most: number;
  /** Null where they were taken, else why not. */
  readonly tell: (page: OutboxPage, signal: AbortSignal) => Promise<string | null>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** Events of one moment go together. */
const GATHER = "10 millis";
/** The last tries, when the server stops. */
const FAREWELL = "3 seconds";

/** Tells as long as the scope is open, and at its end what has happened until then, where a listener still takes it. */
export const eventDispatcherLayer = (
  listeners: ReadonlyArray<Listener>,
): Layer.Layer<never, never, Outbox> =>
  Layer.effectDiscard(Effect.gen(function* () {
    for (const listener of listeners) {
      const telling = new Telling(listener);
      const fiber = yield* Effect.forkScoped(telling.forever);
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          Effect.sync(() => fiber.interruptUnsafe()),
          Effect.ignore(Effect.timeout(telling.rest, FAREWELL)),
        )
      );
    }
  }));

class Telling {
  readonly #listener: Listener;
  /** Before the next try, ms; zero while it takes what it is told. */
  #pause = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** True where there was something, and it was taken. */
  readonly #once: Effect.Effect<boolean, SpoolError, Outbox> = Effect.gen(
    { self: this },
    function* () {
      const outbox = yield* Outbox;
      const { name, most, tell } = this.#listener;
      const page = yield* outbox.next(name, most);
      if (page.events.length === 0) return false;
      const fault = yield* Effect.promise((signal) => tell(page, signal));
      if (fault !== null) {
        if (this.#pause === 0) {
          yield* Effect.logWarning(`The ${name} takes no events; they wait`, { fault });
        }
        this.#pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pause * 2));
        return false;
      }
      this.#pause = 0;
      yield* outbox.taken(name, page);
      return true;
    },
  );

  readonly forever: Effect.Effect<void, never, Outbox> = Effect.gen({ self: this }, function* () {
    for (;;) {
      const went = yield* Effect.catch(this.#once, (fault) =>
        Effect.as(
          Effect.logError("The spool gives no events", { fault: fault._tag, cause: fault.cause }),
          false,
        ));
      if (this.#pause > 0) yield* Effect.sleep(this.#pause);
      else if (!went) {
        yield* (yield* Outbox).more;
        yield* Effect.sleep(GATHER);
      }
    }
  });

  /** What is there, unless the listener takes nothing anyway. */
  readonly rest: Effect.Effect<void, SpoolError, Outbox> = Effect.gen({ self: this }, function* () {
    while (this.#pause === 0 && (yield* this.#once));
  });
}
