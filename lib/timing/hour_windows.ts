/** What is counted within an hour, by key, in memory: fixed windows that begin with the first event. */

const HOUR = 3_600_000;

export interface Window<C> {
  readonly until: number;
  /** To be changed in place. */
  readonly counts: C;
  /** What the window before it came to; null where there was none, or it is forgotten. */
  readonly before: C | null;
}

export interface WindowSettings<C> {
  /** Keys remembered. */
  readonly most: number;
  /** Which goes first beyond that: whose window began first, or who was not heard of for longest. */
  readonly forget: "begun" | "heard";
  readonly fresh: () => C;
}

export class HourWindows<C> {
  readonly #settings: WindowSettings<C>;
  readonly #windows = new Map<string, Window<C>>();

  constructor(settings: WindowSettings<C>) {
    this.#settings = settings;
  }

  /** The window that runs `now`, in milliseconds. */
  at(key: string, now: number): Window<C> {
    const { most, forget, fresh } = this.#settings;
    const known = this.#windows.get(key);
    // a clock that was set back must not stretch the hour
    const runs = known !== undefined && known.until > now && known.until <= now + HOUR;
    if (runs && forget === "begun") return known;
    const window = runs
      ? known
      : { until: now + HOUR, counts: fresh(), before: known?.counts ?? null };
    this.#windows.delete(key);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size < most) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(key, window);
    return window;
  }
}
