/** Lines and literals of an untrusted IMAP server: bounded in length, number and time. RFC 3501 §2.2 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { startReading, stopReading } from "./read_control.ts";
import { Broken } from "./text_lines.ts";

const MAX_LINE = 8_192;
const MAX_LINES = 200;
/** Above it the server has to wait. */
const HIGH = 65_536;
/** How long a goodbye may take. */
const LINGER_MS = 1_000;
const LF = 0x0a;
const CR = 0x0d;

export class ImapWire {
  readonly #socket: Socket;
  readonly #beneath: Socket | null;
  readonly #silenceMs: number;
  #held: Buffer = Buffer.alloc(0);
  #lines = 0;
  #fault: Broken | null = null;
  #wake: () => void = () => {};

  /** `beneath`: the TCP connection under TLS; null in clear. */
  constructor(socket: Socket, beneath: Socket | null, silenceMs: number) {
    this.#socket = socket;
    this.#beneath = beneath;
    this.#silenceMs = silenceMs;
    this.#listen();
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    if (this.#fault !== null) return;
    this.#held = Buffer.concat([this.#held, Buffer.from(chunk)]);
    if (this.#held.length >= HIGH) {
      this.#socket.pause();
      if (this.#beneath !== null) stopReading(this.#beneath);
    }
    this.#wake();
  };
  readonly #onClose = (): void => this.#fail("the server closed the connection");
  readonly #onError = (e: Error): void => this.#fail(e.message);

  #listen(): void {
    this.#socket.on("data", this.#onData).on("close", this.#onClose).on("end", this.#onClose)
      .on("error", this.#onError);
  }

  #fail(reason: string): void {
    this.#fault ??= new Broken(reason);
    this.#wake();
  }

  /** Resolves when there is more than there was. */
  async #more(): Promise<void> {
    if (this.#fault !== null) throw this.#fault;
    const timer = setTimeout(
      () => this.#fail("the server says nothing"),
      this.#silenceMs,
    );
    const before = this.#held.length;
    if (this.#beneath !== null) startReading(this.#beneath);
    this.#socket.resume();
    while (this.#held.length === before && this.#fault === null) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    clearTimeout(timer);
    if (this.#held.length === before && this.#fault !== null) throw this.#fault;
  }

  /** The next line without its CRLF, one char per octet. */
  async line(): Promise<string> {
    if (++this.#lines > MAX_LINES) throw new Broken("the server says too much");
    for (;;) {
      const at = this.#held.indexOf(LF);
      if (at > MAX_LINE || (at < 0 && this.#held.length > MAX_LINE)) {
        throw new Broken("the server sends a line that is too long");
      }
      if (at >= 0) {
        if (this.#held[at - 1] !== CR) throw new Broken("the server ends a line with a bare LF");
        const line = this.#held.subarray(0, at - 1).toString("latin1");
        this.#held = this.#held.subarray(at + 1);
        return line;
      }
      await this.#more();
    }
  }

  /** At least one octet of a literal, at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    if (this.#held.length === 0) await this.#more();
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }

  send(line: string): void {
    if (this.#fault === null) this.#socket.write(`${line}\r\n`);
  }

  /** Says the last line. What comes behind it is not held, and a server that does not close then is dropped. */
  leave(line: string): void {
    this.send(line);
    this.#fail("the conversation is over");
    const socket = this.#socket;
    if (this.#beneath !== null) startReading(this.#beneath);
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
  }

  /** Gives the socket away, for TLS around it. Octets that came in clear are an injection. RFC 3207 §4.2 */
  release(): Socket {
    if (this.#held.length > 0) throw new Broken("the server sends octets in clear behind STARTTLS");
    this.#socket.pause();
    this.#socket.removeListener("data", this.#onData).removeListener("close", this.#onClose)
      .removeListener("end", this.#onClose).removeListener("error", this.#onError);
    return this.#socket;
  }
}
