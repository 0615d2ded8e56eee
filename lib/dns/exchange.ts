/** One query to one server, by whatever that server speaks. RFC 1035 §4.2, RFC 7766, RFC 7858, RFC 8484 */
import type { RecordType } from "../ports/dns.ts";
import { type Query, type Said, trouble } from "./message.ts";
import { overTcp, overUdp } from "./plain.ts";
import type { DnsServer, PlainServer } from "./server.ts";

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

/** What a server said in the end. */
export type Told = Exclude<Said, { readonly _tag: "Again" }>;

const told = (said: Said): Told =>
  said._tag === "Again" ? trouble("malformed", "answer cut off, or not the one asked for") : said;

const overPlain = async (server: PlainServer, q: Question, timeoutMs: number): Promise<Told> => {
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
  /** `ca`: PEM file with authorities for servers under TLS; null: those of the system. */
  constructor(_ca: string | null) {}

  /** Never rejects. */
  ask(server: DnsServer, q: Question, timeoutMs: number): Promise<Told> {
    switch (server._tag) {
      case "Plain":
        return overPlain(server, q, timeoutMs);
      case "Tls":
      case "Https":
        return Promise.resolve(trouble("unreachable", "not spoken yet"));
    }
  }

  close(): void {}
}
