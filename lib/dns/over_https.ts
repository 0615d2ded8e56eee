/** DNS over HTTPS: POST over one HTTP/2 connection. RFC 8484 §4.1, §5.2 */
import { Buffer } from "node:buffer";
import { type ClientHttp2Session, connect } from "node:http2";
import { Signal } from "../timing/signal.ts";
import { encodeQuery, type Query, readAnswer, type Said, trouble } from "./message.ts";
import { secureSocket } from "./secured.ts";
import type { HttpsServer } from "./server.ts";

const TYPE = "application/dns-message";
/** RFC 1035 §4.2.2 */
const MAX_MESSAGE = 65_535;
const IDLE_MS = 10_000;

export class HttpsLink {
  readonly #path: string;
  readonly #session: ClientHttp2Session;
  readonly #idle: ReturnType<typeof setTimeout>;
  /** What is to be told to those who wait, should the connection go. */
  readonly #lost = new Signal();
  #over = false;

  constructor(server: HttpsServer, ca: string | null) {
    const url = new URL(server.url);
    const name = url.hostname.replace(/^\[|\]$/g, "");
    this.#path = `${url.pathname}${url.search}`;
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref?.();
    const port = url.port === "" ? 443 : Number(url.port);
    const socket = secureSocket({
      host: server.address ?? name,
      port,
      name,
      protocol: "h2",
      ca,
    });
    // an error before the session listens would end the process
    socket.on("error", () => this.close());
    this.#session = connect(url.origin, { createConnection: () => socket });
    this.#session.on("error", () => this.close());
    this.#session.on("goaway", () => this.close());
    this.#session.on("close", () => this.close());
  }

  get over(): boolean {
    return this.#over;
  }

  /** The id is 0, so that caches on the way may help. RFC 8484 §4.1 */
  ask(asked: Query, timeoutMs: number): Promise<Said> {
    const query = { ...asked, id: 0 };
    const octets = encodeQuery(query);
    return new Promise((resolve) => {
      let ended = false;
      const end = (said: Said): void => {
        if (ended) return;
        ended = true;
        clearTimeout(timer);
        leave();
        resolve(said);
      };
      const lost = (): void => end(trouble("unreachable", "connection closed"));
      const timer = setTimeout(() => {
        end(trouble("timeout", "no answer in time"));
        this.close();
      }, timeoutMs);
      const leave = this.#lost.once(lost);
      if (this.#over) return lost();
      this.#idle.refresh?.();
      this.#exchange(octets, (body) => end(body === null ? NO_DNS : said(body, query)), lost);
    });
  }

  #exchange(
    octets: Uint8Array,
    done: (body: Uint8Array | null) => void,
    lost: () => void,
  ): void {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": this.#path,
      "accept": TYPE,
      "content-type": TYPE,
      "content-length": String(octets.length),
    });
    const parts: Array<Uint8Array> = [];
    let size = 0;
    let good = false;
    stream.on("response", (headers) => {
      good = headers[":status"] === 200 && headers["content-type"] === TYPE;
    });
    stream.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > MAX_MESSAGE) stream.destroy();
      else parts.push(chunk);
    });
    stream.on("error", lost);
    stream.on("end", () => done(good ? Buffer.concat(parts) : null));
    stream.on("close", lost);
    stream.end(Buffer.from(octets));
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#idle);
    this.#session.destroy();
    this.#lost.wake();
  }
}

const NO_DNS = trouble("unreachable", "the HTTPS server gave no DNS message");

const said = (body: Uint8Array, query: Query): Said =>
  readAnswer(body, query) ?? trouble("malformed", "answer to another question");
