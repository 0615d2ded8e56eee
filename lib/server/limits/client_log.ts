/**
 * Log lines about the mistakes of single clients: a bounded number an hour for each, the rest counted. RFC 6409
 * §5.2
 */
import { Clock, Effect } from "effect";

const HOUR = 3_600_000;
/** Clients remembered; those that were heard of least lately go first. */
const MOST = 10_000;

interface Window {
  readonly until: number;
  lines: number;
}

/** Bounds the log lines about errors of one client address in an hour; the rest is counted. */
export class ClientLog {
  readonly #most: number;
  readonly #windows = new Map<string, Window>();

  /** `most`: lines about one client within an hour. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What to say of a line about `client`; null: nothing, its share is used up. */
  #share(client: string, now: number): { readonly leftOut: number; readonly last: boolean } | null {
    const known = this.#windows.get(client);
    const current = known !== undefined && known.until > now && known.until <= now + HOUR
      ? known
      : { until: now + HOUR, lines: 0 };
    current.lines++;
    this.#windows.delete(client);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size < MOST) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(client, current);
    if (current.lines > this.#most) return null;
    const before = known === undefined || known === current ? 0 : known.lines - this.#most;
    return { leftOut: Math.max(0, before), last: current.lines === this.#most };
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
