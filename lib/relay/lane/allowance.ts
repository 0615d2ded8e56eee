/**
 * What a route allows one next hop: a number of connections at once, and of messages a minute, evenly spread. Pure.
 *
 * The operator sets these bounds; `pace.ts` reacts to what a hop says of its load.
 */
import type { HopLimits } from "../../ports/routes.ts";

const MINUTE = 60_000;

export class Allowance {
  /** Connections that are open or being opened, idle ones too. */
  connections = 0;
  readonly #most: number;
  readonly #gapMs: number;
  readonly #steady: () => number;
  #next = -Infinity;

  constructor(
    { connections, perMinute }: HopLimits,
    steady: () => number = () => performance.now(),
  ) {
    this.#most = connections ?? Infinity;
    this.#gapMs = perMinute === null ? 0 : MINUTE / perMinute;
    this.#steady = steady;
  }

  /** One more connection may be opened. */
  get room(): boolean {
    return this.connections < this.#most;
  }

  /** Messages follow each other at once. */
  get free(): boolean {
    return this.#gapMs === 0;
  }

  /** Zero: a message may begin now, and counts. Else how long to wait, ms. */
  take(): number {
    if (this.free) return 0;
    const now = this.#steady();
    if (now < this.#next) return Math.ceil(this.#next - now);
    // a timer is a little late, which costs nothing; an idle hour saves nothing up
    this.#next = (now - this.#next > SLACK_MS ? now : this.#next) + this.#gapMs;
    return 0;
  }
}

/** A timer is late by about so much. */
const SLACK_MS = 50;
