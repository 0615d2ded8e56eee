/**
 * Hosts that take the commands of the next message behind the content of the one before, as far as they have shown
 * it (RFC 2920 §3.1), by address and port. One message tests it for all; after a refusal a host is not tested for a
 * day. In memory, bounded; keeps time by the monotonic clock.
 */
import type { DialTarget } from "../../ports/dialer.ts";
import type { Behind } from "../../smtp/client/state.ts";
import { placeOf } from "../hosts/silent_hosts.ts";

const REFUSES_MS = 24 * 60 * 60_000;
/** A trial whose outcome nobody tells by then decided nothing: another one may be made. */
const TRIAL_MS = 60_000;
const MANY = 10_000;

/** `until`: nothing is sent ahead before then, and the next one finds out anew; it does not count where it `takes` them. */
interface Known {
  readonly takes: boolean;
  readonly until: number;
  /** Somebody is finding out. */
  readonly onTrial: boolean;
}

export class SentAhead {
  readonly #known = new Map<string, Known>();
  readonly #steady: () => number;

  constructor(steady: () => number = () => performance.now()) {
    this.#steady = steady;
  }

  /** How the next message may follow; `try` is told to one at a time. `mayTry`: the one under way may risk it. */
  behind(target: DialTarget, mayTry: boolean): Behind {
    const place = placeOf(target);
    const known = this.#known.get(place);
    if (known?.takes === true) return "go";
    const now = this.#steady();
    if (!mayTry || (known !== undefined && now < known.until)) return "wait";
    this.#remember(place, { takes: false, until: now + TRIAL_MS, onTrial: true });
    return "try";
  }

  /** What a host has shown. */
  shown(target: DialTarget, takes: boolean): void {
    const until = takes ? Infinity : this.#steady() + REFUSES_MS;
    this.#remember(placeOf(target), { takes, until, onTrial: false });
  }

  /** The message that was to find out is over: where it has shown nothing, the next one may try. */
  tried(target: DialTarget): void {
    const place = placeOf(target);
    if (this.#known.get(place)?.onTrial === true) this.#known.delete(place);
  }

  #remember(place: string, known: Known): void {
    this.#known.delete(place);
    for (const [oldest] of this.#known) {
      if (this.#known.size < MANY) break;
      this.#known.delete(oldest);
    }
    this.#known.set(place, known);
  }
}
