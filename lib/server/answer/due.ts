/**
 * The deadline of an answer, and what happens to the work then: it is interrupted until it has done something that
 * cannot be undone; a commit is cancelled unless it has begun; after that, the deadline ends nothing. See
 * docs/design/interruption.md. RFC 6409 §5.3
 */
import type { Fiber } from "effect";
import { Cancellation } from "../../ports/cancellation.ts";

export class Due {
  readonly #withinMs: number;
  /** By `performance.now()`; infinite: time has no say. Zero: it has not begun. */
  #at = 0;
  #fiber: Fiber.Fiber<unknown> | null = null;
  #commit: Cancellation | null = null;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** The work goes on in `fiber`, and did not end at once. */
  begun(fiber: Fiber.Fiber<unknown>): void {
    this.#fiber = fiber;
    if (this.#at === 0) this.again();
  }

  /** Time counts, from now on. */
  again(): void {
    this.#at = performance.now() + this.#withinMs;
  }

  /** Somebody else keeps time, or what was done cannot be undone: the work goes on to its end. */
  never(): void {
    this.#at = Infinity;
  }

  /** The work is a commit from now on, which time calls off by this, and nothing interrupts. */
  committing(): Cancellation {
    return this.#commit = new Cancellation();
  }

  /** Has no effect before it is due. */
  expire(now: number): void {
    if (this.#at > now) return;
    this.never();
    if (this.#commit === null) this.#fiber?.interruptUnsafe();
    else this.#commit.request();
  }
}
