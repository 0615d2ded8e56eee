/** The load of the sessions, for work that can wait: see `RelaySettings.yields`. */

/** So many ends of data are answered at once before other work gives way. */
const BUSY = 4;
/** Once busy, it counts as busy for so long: bursts have gaps. */
const LINGER_MS = 20;

/** Knows whether sessions keep the server busy, so that the relay can give way. */
export class Load {
  #submitting = 0;
  #busyAt = -Infinity;
  readonly #now: () => number;

  /** `now` in milliseconds, never going back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** An end of data is to be answered. */
  enter(): void {
    if (++this.#submitting >= BUSY) this.#busyAt = this.#now();
  }

  /** It was answered. */
  leave(): void {
    this.#submitting--;
  }

  get busy(): boolean {
    return this.#submitting >= BUSY || this.#now() - this.#busyAt < LINGER_MS;
  }
}
