/** One query to one server, by whatever that server speaks. RFC 1035 §4.2, RFC 7766, RFC 7858, RFC 8484 */
import type { RecordType } from "../ports/dns.ts";
import { type Query, type Said, trouble } from "./message.ts";
import { HttpsLink } from "./over_https.ts";
import { TlsLink } from "./over_tls.ts";
import { overTcp, overUdp } from "./plain.ts";
import {
  type DnsServer,
  type HttpsServer,
  type PlainServer,
  printServer,
  type TlsServer,
} from "./server.ts";

export interface Question {
  readonly name: string;
  readonly type: RecordType;
  readonly recursion: boolean;
  readonly unchecked: boolean;
}

/** Unpredictable. RFC 5452 §4.3 */
const randomId = (): number => crypto.getRandomValues(new Uint16Array(1))[0]!;

/** Each letter in upper or lower case by lot: bits more that a forger has to guess. RFC 5452 §9.3 */
const mixedCase = (name: string): string => {
  const lots = crypto.getRandomValues(new Uint8Array(name.length));
  return Array.from(name, (c, i) => ((lots[i] ?? 0) & 1) === 0 ? c.toLowerCase() : c.toUpperCase())
    .join("");
};

/** A new id each time; the name in a case of its own. */
const query = (q: Question, edns: boolean): Query => ({
  ...q,
  id: randomId(),
  name: mixedCase(q.name),
  edns,
});

/** TLS hides the name and vouches for the answer: no letters are drawn. */
const askLink = async (
  link: TlsLink | HttpsLink,
  q: Question,
  timeoutMs: number,
): Promise<Told> => {
  let id = randomId();
  while (link instanceof TlsLink && link.taken(id)) id = randomId();
  return told(await link.ask({ ...q, id, edns: true }, timeoutMs));
};

/** What a server said in the end. */
export type Told = Exclude<Said, { readonly _tag: "Again" }>;

const told = (said: Said): Told =>
  said._tag === "Again" ? trouble("malformed", "answer cut off, or not the one asked for") : said;

export const overPlain = async (
  server: PlainServer,
  q: Question,
  timeoutMs: number,
): Promise<Told> => {
  const first = await overUdp(server, query(q, true), timeoutMs);
  if (first._tag !== "Again") return first;
  if (first.over === "tcp") return told(await overTcp(server, query(q, true), timeoutMs));
  const second = await overUdp(server, query(q, false), timeoutMs);
  return second._tag === "Again" && second.over === "tcp"
    ? told(await overTcp(server, query(q, false), timeoutMs))
    : told(second);
};

/** Ways to servers. Connections under TLS stay open between queries, until `close` or until they are idle. */
export class Exchange {
  readonly #ca: string | null;
  readonly #links = new Map<string, TlsLink | HttpsLink>();

  /** `ca`: PEM file with authorities for servers under TLS; null: those of the system. */
  constructor(ca: string | null) {
    this.#ca = ca;
  }

  /** Never rejects. */
  ask(server: DnsServer, q: Question, timeoutMs: number): Promise<Told> {
    switch (server._tag) {
      case "Plain":
        return overPlain(server, q, timeoutMs);
      case "Tls":
      case "Https":
        return this.#overLink(server, q, timeoutMs);
    }
  }

  /** A connection that was open already may be gone without our knowing: then once more on a new one. */
  async #overLink(server: TlsServer | HttpsServer, q: Question, timeoutMs: number): Promise<Told> {
    const key = printServer(server);
    const kept = this.#links.get(key);
    const first = kept !== undefined && !kept.over;
    if (first) {
      const said = await askLink(kept, q, timeoutMs);
      if (said._tag !== "Trouble" || said.kind !== "unreachable") return said;
    }
    try {
      const link = server._tag === "Tls"
        ? new TlsLink(server, this.#ca)
        : new HttpsLink(server, this.#ca);
      this.#links.set(key, link);
      return await askLink(link, q, timeoutMs);
    } catch {
      return trouble("unreachable", "the file with the authorities cannot be read");
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
