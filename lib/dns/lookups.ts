/** Look-ups over several servers, with retries and a cache; the same question is out once only. RFC 5321 §5.1 */
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

  /** Never rejects. `now` in milliseconds: what the cache goes by. */
  async lookup<T extends RecordType>(name: string, type: T, now: number): Promise<DnsAnswer<T>> {
    let at = plainName(name);
    let secure = true;
    let ttl = Infinity;
    const aliases: Array<string> = [];
    for (let links = 0; links <= MAX_ALIASES;) {
      const told = this.#cache.get(at, type, now) ?? await this.#ask(at, type, now);
      if (told._tag === "Trouble") return told;
      secure &&= told.ad;
      ttl = Math.min(ttl, told.ttl);
      aliases.push(...told.aliases);
      links += Math.max(1, told.aliases.length);
      const seen = { secure, ttl, aliases };
      if (told._tag === "NoData") return { _tag: "NoData", ...seen };
      if (told._tag === "NoSuchDomain") return { _tag: "NoSuchDomain", ...seen };
      if (told._tag === "Records") {
        // the records were read as `type` asked for
        return { _tag: "Found", ...seen, records: told.records as ReadonlyArray<DnsRecords[T]> };
      }
      at = told.target;
    }
    return trouble("loop", "alias chain too long");
  }

  #ask(name: string, type: RecordType, now: number): Promise<Told> {
    if (name !== "" && !askable(name)) {
      return Promise.resolve(trouble("name", "no name that DNS can carry"));
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
    if (failing !== null && await this.#hides(failing, q)) return trouble("bogus", BOGUS_REASON);
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
    const late = (s: DnsServer) => (this.#shunned.get(printServer(s)) ?? 0) > now;
    return [...all.filter((s) => !late(s)), ...all.filter(late)];
  }
}
