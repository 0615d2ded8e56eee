/** Answers kept for their time to live, bounded in number and in octets. RFC 1035 §7.4, RFC 2308 §5 */
import type { RecordType } from "../ports/dns.ts";
import type { Told } from "./exchange.ts";

interface Entry {
  readonly said: Told;
  readonly since: number;
  readonly until: number;
  readonly octets: number;
}

const MAX_ENTRIES = 10_000;
const MAX_OCTETS = 16 * 1024 * 1024;
/** Seconds. RFC 8767 §4 caps what is believed for long. */
const MAX_TTL = 3_600;
/** Seconds in which a failed look-up is not tried again. RFC 9520 §3.2 */
const FAILURE_TTL = 5;
/** What an entry costs besides its records. */
const OVERHEAD = 200;

export class Cache {
  readonly #kept = new Map<string, Entry>();
  #octets = 0;

  /** NXDOMAIN holds for every type. RFC 2308 §5 */
  get(name: string, type: RecordType, now: number): Told | null {
    return this.#live(name, now) ?? this.#live(`${name} ${type}`, now);
  }

  #live(key: string, now: number): Told | null {
    const hit = this.#kept.get(key);
    if (hit === undefined) return null;
    // a clock that was set back must not make answers old
    if (now < hit.until && now >= hit.since) return hit.said;
    this.#drop(key, hit);
    return null;
  }

  #drop(key: string, entry: Entry): void {
    this.#kept.delete(key);
    this.#octets -= entry.octets;
  }

  put(name: string, type: RecordType, said: Told, now: number): void {
    const ttl = said._tag === "Trouble" ? FAILURE_TTL : Math.min(said.ttl, MAX_TTL);
    if (ttl <= 0) return;
    // an alias that leads to nothing says nothing of the other types of its own name
    const whole = said._tag === "NoSuchDomain" && said.aliases.length === 0;
    const key = whole ? name : `${name} ${type}`;
    const before = this.#kept.get(key);
    if (before !== undefined) this.#drop(key, before);
    const octets = OVERHEAD + (said._tag === "Records" ? said.octets : 0);
    this.#kept.set(key, { said, since: now, until: now + ttl * 1000, octets });
    this.#octets += octets;
    for (const [oldest, entry] of this.#kept) {
      if (this.#kept.size <= MAX_ENTRIES && this.#octets <= MAX_OCTETS) break;
      this.#drop(oldest, entry);
    }
  }
}
