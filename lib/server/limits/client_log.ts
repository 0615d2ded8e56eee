/**
 * Log lines about the mistakes of single clients: a bounded number an hour for each, the rest counted. RFC 6409
 * §5.2
 */
import { Clock, Effect } from "effect";
import { HourWindows } from "../../timing/hour_windows.ts";

/** Clients remembered; those that were heard of least lately go first. */
const MOST = 10_000;

/** Bounds the log lines about errors of one client address in an hour; the rest is counted. */
export class ClientLog {
  readonly #most: number;
  readonly #windows = new HourWindows({
    most: MOST,
    forget: "heard",
    fresh: () => ({ lines: 0 }),
  });

  /** `most`: lines about one client within an hour. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What to say of a line about `client`; null: nothing, its share is used up. */
  #share(client: string, now: number): { readonly leftOut: number; readonly last: boolean } | null {
    const { counts, before } = this.#windows.at(client, now);
    counts.lines++;
    if (counts.lines > this.#most) return null;
    const leftOut = counts.lines > 1 || before === null ? 0 : before.lines - this.#most;
    return { leftOut: Math.max(0, leftOut), last: counts.lines === this.#most };
  }

  /** One line at level Info, unless the client (or `whose`) has had its share; the last one says so. */
  tell(
    client: string,
    message: string,
    facts: Readonly<Record<string, string>>,
    whose = client,
  ): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const share = this.#share(whose, now);
      if (share === null) return Effect.void;
      return Effect.logInfo(message, {
        client,
        ...facts,
        ...(share.leftOut > 0 ? { leftOutBefore: share.leftOut } : {}),
        ...(share.last ? { more: "left out for the rest of the hour" } : {}),
      });
    });
  }
}
