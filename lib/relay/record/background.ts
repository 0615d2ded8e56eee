/**
 * Effects that run beside the one that starts them, until they are over or all are stopped.
 *
 * What `FiberSet` does, without a Set: see `Bag`. Thousands of them come and go in a second.
 */
import { type Context, Effect, Fiber } from "effect";
import { Bag } from "../../message/bag.ts";
import { Signal } from "../../timing/signal.ts";

export class Background<R> {
  readonly #fork: <A>(effect: Effect.Effect<A, never, R>) => Fiber.Fiber<A>;
  readonly #running = new Bag<Fiber.Fiber<void>>();
  #stopped = false;
  readonly #over = new Signal();

  constructor(services: Context.Context<R>) {
    this.#fork = Effect.runForkWith(services);
  }

  /** Does nothing once all are stopped. */
  run(effect: Effect.Effect<void, never, R>): void {
    if (this.#stopped) return;
    const fiber = this.#fork(Effect.ignoreCause(effect, { log: "Error" }));
    if (fiber.pollUnsafe() !== undefined) return;
    this.#running.add(fiber);
    fiber.addObserver(() => {
      this.#running.delete(fiber);
      if (this.#running.size === 0) this.#over.wake();
    });
  }

  /** Done when none runs. */
  readonly empty: Effect.Effect<void> = Effect.suspend(() =>
    this.#running.size === 0 ? Effect.void : this.#over.next
  );

  /** Interrupts all, waits for their ends, and starts no more. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() => {
    this.#stopped = true;
    return Fiber.interruptAll([...this.#running]);
  });
}
