/**
 * Notices that the wall clock was set, by a clock that nobody sets: what a jump makes look old is not given up at
 * once. A machine that slept counts as well: its mail deserves more than one attempt.
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

  constructor(steady: () => number = () => performance.now()) {
    this.#steady = steady;
  }

  /** Whether the clock was set within the last hours; `wall` is what it says now, in ms. */
  readonly recent = (wall: number): boolean => {
    const steady = this.#steady();
    const drift = this.#wall === null ? 0 : wall - this.#wall - (steady - this.#at);
    if (Math.abs(drift) > JUMP_MS) this.#graceUntil = steady + GRACE_MS;
    this.#wall = wall;
    this.#at = steady;
    return steady < this.#graceUntil;
  };
}
