/** Wakes up those who wait for a change; each of them looks for himself what has changed. */
import { Effect } from "effect";

export class Signal {
  #waiting: Array<() => void> = [];

  /** Wakes all who wait now; whoever comes later waits for the next time. */
  wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Calls `wake` the next time, unless what it gives back is called before. */
  once(wake: () => void): () => void {
    this.#waiting.push(wake);
    return () => {
      const at = this.#waiting.indexOf(wake);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  /** Resolves the next time. */
  wait(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Done the next time. */
  readonly next: Effect.Effect<void> = Effect.callback((resume) => {
    const leave = this.once(() => resume(Effect.void));
    return Effect.sync(leave);
  });
}
