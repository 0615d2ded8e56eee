/** One timer for the deadlines of all connections, instead of one each. */
import { Bag } from "../../message/bag.ts";

export interface Timed {
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly expire: () => void;
}

export class Deadlines {
  readonly #watched = new Bag<Timed>();
  readonly #everyMs: number;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** A deadline is noticed at most `everyMs` late. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Ticks only while something is watched. */
  add(w: Timed): void {
    this.#watched.add(w);
    this.#timer ??= setInterval(() => this.#tick(), this.#everyMs);
  }

  remove(w: Timed): void {
    if (!this.#watched.delete(w) || this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Lets every one of them run out of patience now. */
  expireAll(): void {
    for (const w of this.#watched) w.expire();
  }

  #tick(): void {
    const now = performance.now();
    for (const w of this.#watched) if (w.deadline <= now) w.expire();
  }
}
