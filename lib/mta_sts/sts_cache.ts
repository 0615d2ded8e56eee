/**
 * The MTA-STS policies of domains, kept for the lifetime that each states. RFC 8461 §3, §5
 *
 * The first message to a domain waits for its policy; later ones use the cached one while a newer one is fetched.
 * Survives restarts by a file.
 */
import { MAX_POLICY, readStsPolicy, stsId } from "../discovery/sts_policy.ts";
import type { HttpSend } from "../discovery/discover/ports.ts";
import type { DnsAnswer } from "../ports/dns.ts";
import type { StsPolicy } from "../ports/sts_policies.ts";

/** What is kept of a domain. Times in ms. */
export interface Kept {
  readonly domain: string;
  readonly id: string;
  readonly policy: StsPolicy;
  /** When it was fetched; it holds for its `max_age` from then on. */
  readonly at: number;
}

export interface StsCacheSettings {
  readonly txt: (name: string) => Promise<DnsAnswer<"TXT">>;
  readonly send: HttpSend;
  readonly now: () => number;
  /** What was kept before. */
  readonly kept: ReadonlyArray<Kept>;
  /** Called with all that is to be kept whenever that changes. */
  readonly keep: (all: ReadonlyArray<Kept>) => void;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Between two looks at a domain's record. */
const RECHECK_MS = 5 * MINUTE;
/** Between two fetches of what could not be fetched, and the time one may take. RFC 8461 §3.3 */
const RETRY_MS = 5 * MINUTE;
const FETCH_MS = MINUTE;
/** Domains that are remembered; the one that was learnt of first goes. */
const MAX_DOMAINS = 10_000;

/** What lies ahead, since the clock was set back, is not recent. */
const recent = (at: number, withinMs: number, now: number): boolean =>
  now >= at && now - at < withinMs;

/** What is known of a domain besides its policy. */
interface Seen {
  /** When its record was looked at last. */
  readonly at: number;
  /** The id whose policy could not be fetched, and when. */
  readonly failed: { readonly id: string; readonly at: number } | null;
}

export class StsCache {
  readonly #s: StsCacheSettings;
  readonly #kept = new Map<string, Kept>();
  readonly #seen = new Map<string, Seen>();
  readonly #out = new Map<string, Promise<void>>();

  constructor(settings: StsCacheSettings) {
    this.#s = settings;
    for (const k of settings.kept) this.#kept.set(k.domain, k);
  }

  /**
   * The policy that holds now; null where there is none. Of `mode: none` there is none. `anew`: looks at the record
   * again before a delivery fails for good. RFC 8461 §5.1
   */
  async find(domain: string, anew = false): Promise<StsPolicy | null> {
    const now = this.#s.now();
    const live = this.#live(domain, now);
    const seen = this.#seen.get(domain);
    if (anew || seen === undefined || !recent(seen.at, RECHECK_MS, now)) {
      const look = this.#look(domain, now);
      if (live === null || anew) await look;
    }
    const policy = this.#live(domain, now)?.policy ?? null;
    return policy?.mode === "none" ? null : policy;
  }

  #live(domain: string, now: number): Kept | null {
    const kept = this.#kept.get(domain);
    if (kept === undefined) return null;
    if (now < kept.at + kept.policy.maxAgeSeconds * 1000) return kept;
    this.#kept.delete(domain);
    return null;
  }

  #look(domain: string, now: number): Promise<void> {
    const out = this.#out.get(domain);
    if (out !== undefined) return out;
    const looking = this.#refresh(domain, now).finally(() => this.#out.delete(domain));
    this.#out.set(domain, looking);
    return looking;
  }

  /** No record, or trouble: what is kept goes on to hold. RFC 8461 §3.3 */
  async #refresh(domain: string, now: number): Promise<void> {
    const answer = await this.#s.txt(`_mta-sts.${domain}`);
    const id = answer._tag === "Found" ? stsId(answer.records.map((r) => r.join(""))) : null;
    const before = this.#seen.get(domain);
    const failed = before?.failed ?? null;
    this.#see(domain, { at: now, failed });
    const kept = this.#live(domain, now);
    if (id === null || (kept?.id === id && recent(kept.at, DAY, now))) return;
    if (failed !== null && failed.id === id && recent(failed.at, RETRY_MS, now)) return;
    const policy = await this.#fetch(domain);
    if (policy === null) return this.#see(domain, { at: now, failed: { id, at: now } });
    this.#see(domain, { at: now, failed: null });
    this.#kept.delete(domain);
    this.#kept.set(domain, { domain, id, policy, at: now });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_DOMAINS) break;
      this.#kept.delete(oldest);
    }
    this.#s.keep([...this.#kept.values()]);
  }

  #see(domain: string, seen: Seen): void {
    this.#seen.delete(domain);
    this.#seen.set(domain, seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_DOMAINS) break;
      this.#seen.delete(oldest);
    }
  }

  /** 200 and text/plain, no redirect, a certificate that holds, all in a minute. RFC 8461 §3.3 */
  async #fetch(domain: string): Promise<StsPolicy | null> {
    const whole = new AbortController();
    const timer = setTimeout(() => whole.abort(), FETCH_MS);
    const r = await this.#s.send({
      method: "GET",
      url: `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
      accept: "text/plain",
      body: null,
      maxBytes: MAX_POLICY,
      timeoutMs: FETCH_MS,
      signal: whole.signal,
    }).finally(() => clearTimeout(timer));
    if (r._tag !== "Response" || r.status !== 200) return null;
    if (!/^text\/plain\s*(?:;|$)/i.test(r.contentType)) return null;
    try {
      return readStsPolicy(new TextDecoder("utf-8", { fatal: true }).decode(r.body));
    } catch {
      return null;
    }
  }

  /** Looks at the records of all that is kept; those that are a day old are fetched anew. RFC 8461 §3.3 */
  async refreshAll(): Promise<void> {
    for (const { domain } of [...this.#kept.values()]) await this.#look(domain, this.#s.now());
  }
}
