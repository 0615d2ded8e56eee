/** Lines of a text protocol over an untrusted socket: bounded in length, number and time. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

const MAX_LINE = 8_192;
const MAX_OCTETS = 65_536;
const LF = 0x0a;
const ENDLESS = "the server sends a line without end";

/** The conversation is over: closed, too long, or out of time. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export class TextLines {
  #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #taken = 0;
  #fault: Broken | null = null;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    // what comes behind a fault is not held, or lines would never come to an end
    if (this.#fault !== null) return;
    this.#held = Buffer.concat([this.#held, Buffer.from(chunk)]);
    this.#taken += chunk.length;
    if (this.#taken > MAX_OCTETS) {
      this.fail(this.#held.includes(LF) ? "the server says too much" : ENDLESS);
      this.#socket.destroy();
    }
    this.#wake();
  };
  readonly #onClose = (): void => this.fail("the server closed the connection");
  readonly #onError = (e: Error): void => this.fail(e.message);

  #listen(): void {
    this.#socket.on("data", this.#onData).on("close", this.#onClose).on("end", this.#onClose)
      .on("error", this.#onError);
  }

  fail(reason: string): void {
    this.#fault ??= new Broken(reason);
    this.#wake();
  }

  /** The next line without its end, printable ASCII only. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(LF);
      if (at >= 0) {
        const line = this.#held.subarray(0, at).toString("latin1");
        this.#held = this.#held.subarray(at + 1);
        return line.replace(/\r$/, "").replace(/[^\x20-\x7e]/g, "?");
      }
      if (this.#held.length > MAX_LINE) this.fail(ENDLESS);
      if (this.#fault !== null) throw this.#fault;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  send(line: string): void {
    if (this.#fault === null) this.#socket.write(`${line}\r\n`);
  }

  /** Octets that came and that nobody has read. */
  get pending(): number {
    return this.#held.length;
  }

  /** Gives the socket away, for TLS around it. */
  release(): Socket {
    this.#socket.pause();
    this.#socket.removeListener("data", this.#onData).removeListener("close", this.#onClose)
      .removeListener("end", this.#onClose).removeListener("error", this.#onError);
    return this.#socket;
  }

  /** Goes on over another socket; nothing of the old one is kept. RFC 3207 §4.2 */
  adopt(socket: Socket): void {
    this.#socket = socket;
    this.#held = Buffer.alloc(0);
    this.#listen();
  }
}
