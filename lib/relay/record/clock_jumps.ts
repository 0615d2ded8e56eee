/**
 * Detects jumps of the wall clock by the monotonic clock: a message that a jump makes look old is not given up at
 * once. A machine that slept, a frozen process and a server that was off count as jumps: time without attempts does
 * not count towards expiry.
 */

/** Clocks that run apart by less are corrected gently. */
const JUMP_MS = 10 * 60_000;
/** So long nothing expires after a jump. */
const GRACE_MS = 6 * 3_600_000;

export class ClockJumps {
  readonly #steady: () => number;
  #wall: number | null = null;
  #at = 0;
  #graceUntil = -Infinity;

  /** When the relay was seen to run; null: nobody watches. */
  #beatAt: number | null = null;

  constructor(steady: () => number = () => performance.now()) {
    this.#steady = steady;
  }

  /** Whether the clock was set, or time passed without us, within the last hours; `wall` is what it says now, in ms. */
  readonly recent = (wall: number): boolean => {
    const steady = this.#steady();
    const drift = this.#wall === null ? 0 : wall - this.#wall - (steady - this.#at);
    if (Math.abs(drift) > JUMP_MS) this.#graceUntil = steady + GRACE_MS;
    if (this.#beatAt !== null && steady - this.#beatAt > JUMP_MS) this.#stoodStill(steady);
    this.#wall = wall;
    this.#at = steady;
    return steady < this.#graceUntil;
  };

  /** The relay runs; to be called every minute or so. A process that was frozen comes late. */
  readonly beat = (wall: number): void => {
    this.recent(wall);
    this.#beatAt = this.#steady();
  };

  /** No process ran for so long before this one, in ms. */
  readonly wasDown = (ms: number): void => {
    if (ms > JUMP_MS) this.#graceUntil = this.#steady() + GRACE_MS;
  };

  #stoodStill(steady: number): void {
    this.#graceUntil = steady + GRACE_MS;
    this.#beatAt = steady;
  }
}
