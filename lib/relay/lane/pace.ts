/**
 * The pace towards a hop: fewer connections, then pauses between messages, while it reports load; slowly more again
 * while it accepts (additive increase, multiplicative decrease). RFC 5321 §4.5.4.1
 *
 * Keeps time by the monotonic clock; opens nothing itself.
 */
import type { Verdict } from "../../smtp/client/verdict.ts";

/** Several refusals of one burst count once. */
const BURST_MS = 1_000;
const FIRST_GAP_MS = 50;
const LONGEST_GAP_MS = 10_000;
/** The pause after failures grows to at most this many times the first one. */
const LONGEST_PAUSE = 6;

/** 421, or a status that speaks of load and rate: not of this message or recipient. RFC 3463 §3.4, §3.5, RFC 6647 §2.1 */
export const throttles = ({ kind, remote, status, text }: Verdict): boolean =>
  remote && kind === "temporary" &&
  (text.startsWith("421") || status === "4.3.2" || status === "4.4.5" || status === "4.7.0" ||
    status === "4.7.28");

export class Pace {
  readonly #most: number;
  readonly #steady: () => number;
  #lanes: number;
  #gapMs = 0;
  #slowedAt = -Infinity;
  #failures = 0;
  #pausedUntil = -Infinity;

  /** `most`: connections that are allowed while all is well. */
  constructor(most: number, steady: () => number = () => performance.now()) {
    this.#most = most;
    this.#lanes = most;
    this.#steady = steady;
  }

  /** Connections at once. One alone tries whether a hop that was silent is back. */
  get lanes(): number {
    return this.#failures > 0 ? 1 : Math.max(1, Math.floor(this.#lanes));
  }

  /** Pause before the next message on a connection, ms. */
  get gapMs(): number {
    return this.#gapMs;
  }

  /** No new connection now. */
  get paused(): boolean {
    return this.#steady() < this.#pausedUntil;
  }

  /** The hop took a message. */
  took(): void {
    if (this.#lanes < this.#most) this.#lanes = Math.min(this.#most, this.#lanes + 1 / this.#lanes);
    if (this.#gapMs > 0) this.#gapMs = this.#gapMs < FIRST_GAP_MS / 2 ? 0 : this.#gapMs * 0.9;
  }

  /** It says that it is too much. */
  slow(): void {
    const now = this.#steady();
    if (now - this.#slowedAt < BURST_MS) return;
    this.#slowedAt = now;
    if (this.#lanes >= 2) this.#lanes = Math.max(1, Math.min(this.#lanes, this.#most) / 2);
    else this.#gapMs = Math.min(LONGEST_GAP_MS, Math.max(FIRST_GAP_MS, this.#gapMs * 2));
  }

  /** It could be spoken to. */
  reached(): void {
    this.#failures = 0;
    this.#pausedUntil = -Infinity;
  }

  /** It could not; other connections to it are no comfort. */
  pause(ms: number): void {
    this.#pausedUntil = this.#steady() + ms;
  }

  /** Nothing of it can be used: each time it is left alone for longer. */
  failed(pauseMs: number): void {
    this.pause(pauseMs * Math.min(LONGEST_PAUSE, 2 ** this.#failures));
    this.#failures = Math.min(16, this.#failures + 1);
  }
}
