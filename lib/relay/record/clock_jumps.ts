/**
 * Detects jumps of the wall clock by the monotonic clock: a message that a jump makes look old is not given up at
 * once. A machine that slept, a frozen process and a server that was off count as jumps: time without attempts does
 * not count towards expiry.
 */

/** Clocks that run apart by less are corrected gently. */
const JUMP_MS = 10 * 60_000;
/** So long nothing expires after a jump. */
export const GRACE_MS = 6 * 3_600_000;

export class ClockJumps {
  readonly #steady: () => number;
  #wall: number | null = null;
  #at = 0;
  #graceFrom = -Infinity;

  /** When the relay was seen to run; null: nobody watches. */
  #beatAt: number | null = null;

  constructor(steady: () => number = () => performance.now()) {
    this.#steady = steady;
  }

  /** Whether the clock was set, or time passed without us, within the last hours; `wall` is what it says now, in ms. */
  readonly recent = (wall: number): boolean => this.grace(wall) !== null;

  /** How long ago that was, ms; null: longer than some hours, or never. */
  readonly grace = (wall: number): number | null => {
    const steady = this.#steady();
    const drift = this.#wall === null ? 0 : wall - this.#wall - (steady - this.#at);
    if (Math.abs(drift) > JUMP_MS) this.#graceFrom = steady;
    if (this.#beatAt !== null && steady - this.#beatAt > JUMP_MS) this.#stoodStill(steady);
    this.#wall = wall;
    this.#at = steady;
    const since = steady - this.#graceFrom;
    return since < GRACE_MS ? since : null;
  };

  /** The relay runs; to be called every minute or so. A process that was frozen comes late. */
  readonly beat = (wall: number): void => {
    this.recent(wall);
    this.#beatAt = this.#steady();
  };

  /** A long time in which no process ran ended so long ago, in ms: in this process or in one before it. */
  readonly wasDown = (agoMs: number): void => {
    this.#graceFrom = Math.max(this.#graceFrom, this.#steady() - agoMs);
  };

  #stoodStill(steady: number): void {
    this.#graceFrom = steady;
    this.#beatAt = steady;
  }
}
