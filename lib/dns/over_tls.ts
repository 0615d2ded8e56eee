/** DNS over TLS: one connection for many queries, answers in any order. RFC 7858 §3.3, RFC 7766 §6.2.1.1 */
import type { TLSSocket } from "node:tls";
import { framed, Frames } from "./frame.ts";
import { encodeQuery, type Query, readAnswer, type Said, trouble } from "./message.ts";
import { secureSocket } from "./secured.ts";
import type { TlsServer } from "./server.ts";

/** A connection on which nothing happens is given up: an idle one costs both sides. RFC 7766 §6.2.3 */
const IDLE_MS = 10_000;

interface Waiting {
  readonly query: Query;
  readonly end: (said: Said) => void;
}

export class TlsLink {
  readonly #waiting = new Map<number, Waiting>();
  readonly #socket: TLSSocket;
  readonly #idle: ReturnType<typeof setTimeout>;
  readonly #frames = new Frames();
  #up = false;
  #over = false;

  constructor(server: TlsServer, ca: string | null) {
    this.#socket = secureSocket({ ...server, protocol: "dot", ca });
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref?.();
    this.#socket.once("secureConnect", () => {
      this.#up = true;
      for (const { query } of this.#waiting.values()) this.#send(query);
    });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", (e) => this.#fail(e.message));
    this.#socket.on("close", () => this.#fail("connection closed"));
  }

  get over(): boolean {
    return this.#over;
  }

  ask(query: Query, timeoutMs: number): Promise<Said> {
    return new Promise((resolve) => {
      const end = (said: Said): void => {
        clearTimeout(timer);
        this.#waiting.delete(query.id);
        resolve(said);
      };
      const timer = setTimeout(() => {
        end(trouble("timeout", "no answer in time"));
        // a connection that went dead must not hold up the next query as well
        this.close();
      }, timeoutMs);
      if (this.#over) return end(CLOSED);
      this.#waiting.set(query.id, { query, end });
      this.#idle.refresh?.();
      if (this.#up) this.#send(query);
    });
  }

  /** Whether `id` is on its way already: another one must be drawn. RFC 7766 §6.2.1 */
  taken(id: number): boolean {
    return this.#waiting.has(id);
  }

  #send(query: Query): void {
    this.#socket.write(framed(encodeQuery(query)));
  }

  #take(chunk: Uint8Array | string): void {
    this.#frames.push(chunk);
    for (let message; (message = this.#frames.next()) !== null;) {
      const waiting = message.length >= 2 ? this.#waiting.get(message.readUInt16BE(0)) : undefined;
      const said = waiting === undefined ? null : readAnswer(message, waiting.query);
      // what nobody asked for: the two sides do not understand each other
      if (waiting === undefined || said === null) return this.#fail("answer to no question");
      waiting.end(said);
    }
  }

  #fail(reason: string): void {
    this.#over = true;
    clearTimeout(this.#idle);
    this.#socket.destroy();
    for (const { end } of [...this.#waiting.values()]) end(trouble("unreachable", reason));
  }

  close(): void {
    this.#fail("connection closed");
  }
}

const CLOSED = trouble("unreachable", "connection closed");
