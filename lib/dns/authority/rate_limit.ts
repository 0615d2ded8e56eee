/**
 * Response-rate limiting: answers over UDP go to the address in the query, which may be forged, so that each
 * network gets a bounded number of one kind. Every second answer beyond that is truncated, so that a real resolver
 * repeats the query over TCP; the rest are dropped. NS-17
 */
import { isIPv6 } from "node:net";

export type Verdict = "send" | "truncate" | "drop";

interface Bucket {
  tokens: number;
  at: number;
  limited: number;
}

const MAX_BUCKETS = 100_000;

/** The /24 or /56 an address is in. */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!isIPv6(mapped)) return mapped.slice(0, mapped.lastIndexOf("."));
  const plain = mapped.replace(/%.*$/, "");
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  if (tail !== undefined) {
    while (groups.length + behind.length < 8) groups.push("0");
  }
  const [a = "0", b = "0", c = "0", d = "0"] = [...groups, ...behind];
  return `${a}:${b}:${c}:${(parseInt(d, 16) & 0xff00).toString(16)}`;
};

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
    const key = `${networkOf(address)} ${kind}`;
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
