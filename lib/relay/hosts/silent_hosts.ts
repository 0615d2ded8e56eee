/**
 * Hosts that did not answer, by address and port: for a while, other hosts of the same hop are tried first. RFC
 * 5321 §4.5.4.1: "list of hosts it cannot reach". In memory, bounded; keeps time by the monotonic clock.
 */
import type { DialTarget } from "../../ports/dialer.ts";
import type { Unusable } from "../session/peer.ts";

const FIRST_MS = 30_000;
const LONGEST_MS = 15 * 60_000;
/** So long one message tries whether it is back, and the others go on without it. */
const PROBE_MS = 30_000;
const MANY = 10_000;

interface Silence {
  until: number;
  times: number;
}

/** A host by where it is. */
export const placeOf = (target: DialTarget): string =>
  target._tag === "Unix" ? target.path : `${target.address} ${target.port}`;

export class SilentHosts {
  readonly #known = new Map<string, Silence>();
  readonly #steady: () => number;

  constructor(steady: () => number = () => performance.now()) {
    this.#steady = steady;
  }

  /** Avoid it for now. Once its time is over, the first caller gets `false` and tries it. */
  spared(target: DialTarget): boolean {
    if (this.#known.size === 0) return false;
    const silence = this.#known.get(placeOf(target));
    if (silence === undefined) return false;
    const now = this.#steady();
    if (now < silence.until) return true;
    silence.until = now + PROBE_MS;
    return false;
  }

  /** What came of it: null where it answered. */
  note(target: DialTarget, fault: Unusable | null): void {
    if (fault === null || !silent(fault)) {
      if (this.#known.size > 0) this.#known.delete(placeOf(target));
      return;
    }
    const key = placeOf(target);
    const times = (this.#known.get(key)?.times ?? 0) + 1;
    this.#known.delete(key);
    for (const [oldest] of this.#known) {
      if (this.#known.size < MANY) break;
      this.#known.delete(oldest);
    }
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** (times - 1));
    this.#known.set(key, { until: this.#steady() + pause, times });
  }
}

/** No connection, or no word of SMTP on it. */
const silent = ({ stage, verdict }: Unusable): boolean =>
  stage === "dial" || ((stage === "greeting" || stage === "EHLO") && !verdict.remote);
