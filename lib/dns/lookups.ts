/**
 * Look-ups over several servers, with retries and a cache; concurrent equal questions share one query. RFC 5321
 * §5.1
 */
import type { DnsAnswer, DnsRecords, DnsTrouble, RecordType, TroubleKind } from "../ports/dns.ts";
import { Cache } from "./cache.ts";
import { Exchange, type Question, type Told } from "./exchange.ts";
import { BOGUS_REASON, MAX_ALIASES, trouble } from "./message.ts";
import { plainName } from "./records.ts";
import { type DnsServer, printServer } from "./server.ts";

export interface LookupSettings {
  readonly servers: (now: number) => ReadonlyArray<DnsServer>;
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
  /** PEM file with authorities for servers over TLS; null: those of the system. */
  readonly ca: string | null;
}

/** Which trouble is told where servers differ: the one that says most. */
const GRAVITY: ReadonlyArray<TroubleKind> = [
  "unreachable",
  "timeout",
  "refused",
  "malformed",
  "servfail",
  "loop",
  "name",
  "bogus",
];

const graver = (a: DnsTrouble, b: DnsTrouble): DnsTrouble =>
  GRAVITY.indexOf(b.kind) > GRAVITY.indexOf(a.kind) ? b : a;

/** How long a server that did not answer stands behind those that do. */
const SHUN_MS = 30_000;

/** A name that fits a message: labels of 1 to 63 octets, 253 characters in all. RFC 1035 §2.3.4 */
const askable = (name: string): boolean =>
  name.length <= 253 && name.split(".").every((l) => /^[\x21-\x5b\x5d-\x7e]{1,63}$/.test(l));

/** A name followed through its aliases, answer by answer. RFC 1034 §3.6.2 */
class Chain<T extends RecordType> {
  #at: string;
  #links = 0;
  #secure = true;
  #ttl = Infinity;
  readonly #aliases: Array<string> = [];

  constructor(name: string) {
    this.#at = plainName(name);
  }

  /** The name that is to be asked about next. */
  get at(): string {
    return this.#at;
  }

  /** The answer; null where it leads on. It is as secure, and holds as long, as the weakest link. */
  take(told: Told): DnsAnswer<T> | null {
    if (told._tag === "Trouble") return told;
    this.#secure &&= told.ad;
    this.#ttl = Math.min(this.#ttl, told.ttl);
    this.#aliases.push(...told.aliases);
    this.#links += Math.max(1, told.aliases.length);
    const seen = { secure: this.#secure, ttl: this.#ttl, aliases: this.#aliases };
    switch (told._tag) {
      case "NoData":
      case "NoSuchDomain":
        return { _tag: told._tag, ...seen };
      case "Records":
        // the records were read as the type that was asked for
        return { _tag: "Found", ...seen, records: told.records as ReadonlyArray<DnsRecords[T]> };
      case "Alias":
        this.#at = told.target;
        return this.#links > MAX_ALIASES ? TOO_LONG : null;
    }
  }
}

const UNSPEAKABLE = trouble("name", "no name that DNS can carry");
const TOO_LONG = trouble("loop", "alias chain too long");

export class Lookups {
  readonly #settings: LookupSettings;
  readonly #exchange: Exchange;
  readonly #cache = new Cache();
  readonly #out = new Map<string, Promise<Told>>();
  readonly #shunned = new Map<string, number>();

  constructor(settings: LookupSettings) {
    this.#settings = settings;
    this.#exchange = new Exchange(settings.ca);
  }

  close(): void {
    this.#exchange.close();
  }

  /** What the cache has to say by itself; null where somebody must be asked. `now` in milliseconds. */
  kept<T extends RecordType>(name: string, type: T, now: number): DnsAnswer<T> | null {
    const chain = new Chain<T>(name);
    for (;;) {
      const told = this.#cache.get(chain.at, type, now);
      if (told === null) return null;
      const answer = chain.take(told);
      if (answer !== null) return answer;
    }
  }

  /** Never rejects. */
  async lookup<T extends RecordType>(name: string, type: T, now: number): Promise<DnsAnswer<T>> {
    const chain = new Chain<T>(name);
    for (;;) {
      const told = this.#cache.get(chain.at, type, now) ?? await this.#ask(chain.at, type, now);
      const answer = chain.take(told);
      if (answer !== null) return answer;
    }
  }

  /** What the zone says, whether DNSSEC holds or not; never from the cache, never rejects. RFC 4035 §3.2.2 */
  async lookupUnchecked<T extends RecordType>(
    name: string,
    type: T,
    now: number,
  ): Promise<DnsAnswer<T>> {
    const chain = new Chain<T>(name);
    for (;;) {
      const told = askable(chain.at)
        ? await this.#rounds({ name: chain.at, type, recursion: true, unchecked: true }, now)
        : UNSPEAKABLE;
      const answer = chain.take(told);
      if (answer !== null) return answer;
    }
  }

  #ask(name: string, type: RecordType, now: number): Promise<Told> {
    if (name !== "" && !askable(name)) {
      return Promise.resolve(UNSPEAKABLE);
    }
    const key = `${name} ${type}`;
    const out = this.#out.get(key);
    if (out !== undefined) return out;
    const asked = this.#rounds({ name, type, recursion: true, unchecked: false }, now)
      .then((told) => {
        this.#cache.put(name, type, told, now);
        return told;
      })
      .finally(() => this.#out.delete(key));
    this.#out.set(key, asked);
    return asked;
  }

  async #rounds(q: Question, now: number): Promise<Told> {
    let worst: DnsTrouble | null = null;
    let failing: DnsServer | null = null;
    for (let round = 0; round < this.#settings.attempts; round++) {
      for (const server of this.#inOrder(now)) {
        const told = await this.#exchange.ask(server, q, this.#settings.timeoutMs);
        this.#remember(server, told, now);
        if (told._tag !== "Trouble") return { ...told, ad: told.ad && server.trusted };
        worst = worst === null ? told : graver(worst, told);
        // nobody who checks less is asked instead
        if (told.kind === "bogus" && server.trusted) return told;
        if (told.kind === "servfail" && server.trusted) failing = server;
      }
    }
    if (!q.unchecked && failing !== null && await this.#hides(failing, q)) {
      return trouble("bogus", BOGUS_REASON);
    }
    return worst ?? trouble("unreachable", "no name server is configured");
  }

  /** Whether a server that checks has an answer after all, which it does not believe. RFC 4035 §3.2.2 */
  async #hides(server: DnsServer, q: Question): Promise<boolean> {
    const told = await this.#exchange.ask(
      server,
      { ...q, unchecked: true },
      this.#settings.timeoutMs,
    );
    return told._tag !== "Trouble";
  }

  #remember(server: DnsServer, told: Told, now: number): void {
    const silent = told._tag === "Trouble" &&
      (told.kind === "timeout" || told.kind === "unreachable");
    if (silent) this.#shunned.set(printServer(server), now + SHUN_MS);
    else this.#shunned.delete(printServer(server));
  }

  /** As configured, those that did not answer lately behind the others. */
  #inOrder(now: number): ReadonlyArray<DnsServer> {
    const all = this.#settings.servers(now);
    if (this.#shunned.size === 0) return all;
    const late = (s: DnsServer) => {
      const until = this.#shunned.get(printServer(s)) ?? 0;
      return until > now && until <= now + SHUN_MS;
    };
    return [...all.filter((s) => !late(s)), ...all.filter(late)];
  }
}
