/**
 * Response-rate limiting: answers over UDP go to whoever's address stands in the query, so that one network
 * gets so many of one kind only. Every second one beyond that is cut to "come again over TCP", which
 * a real resolver does and a forged address does not. NS-17
 */
import { addressBlock } from "../../address/ip.ts";

export type Verdict = "send" | "truncate" | "drop";

interface Bucket {
  tokens: number;
  at: number;
  limited: number;
}

const MAX_BUCKETS = 100_000;

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst = perSecond * 2) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** `now` in milliseconds. */
  check(address: string, kind: string, now: number): Verdict {
    const key = `${addressBlock(address)} ${kind}`;
    const b = this.#buckets.get(key) ?? this.#fresh(key, now);
    b.tokens = Math.min(this.#burst, b.tokens + (now - b.at) / 1000 * this.#perSecond);
    b.at = now;
    if (b.tokens >= 1) {
      b.tokens--;
      b.limited = 0;
      return "send";
    }
    b.limited++;
    return b.limited % 2 === 1 ? "truncate" : "drop";
  }

  #fresh(key: string, now: number): Bucket {
    // a flood of forged networks empties the table rather than growing it
    if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.clear();
    const b = { tokens: this.#burst, at: now, limited: 0 };
    this.#buckets.set(key, b);
    return b;
  }
}
