/** A connection to a milter: packets out, with back-pressure; packets in, one at a time. */
import { connect, type Socket } from "node:net";
import { ConnectedToItself, meetsItself } from "../ports/self_connection.ts";
import { Signal } from "../timing/signal.ts";
import { type Packet, PacketFault, PacketReader } from "./packets.ts";

export type Place =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string };

export class Channel {
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  readonly #packets: Array<Packet> = [];
  #fault: Error | null = null;
  readonly #changed = new Signal();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      try {
        this.#packets.push(...this.#reader.push(chunk));
        // a filter that talks without being asked fills no memory
        if (this.#packets.length > 64) socket.pause();
      } catch (e) {
        this.#end(e instanceof Error ? e : new PacketFault(String(e)));
      }
      this.#changed.wake();
    });
    socket.on("error", (e) => this.#end(e));
    socket.on("close", () => this.#end(new PacketFault("the connection was closed")));
    socket.on("drain", () => this.#changed.wake());
  }

  /** Rejects where nobody listens. */
  static open(place: Place, signal: AbortSignal): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const socket = place._tag === "Tcp"
        ? connect({ host: place.host, port: place.port })
        : connect({ path: place.path });
      signal.addEventListener("abort", () => {
        socket.destroy();
        reject(new PacketFault("given up"));
      }, { once: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        if (meetsItself(socket)) return void socket.destroy(new ConnectedToItself());
        socket.off("error", reject);
        socket.setNoDelay(true);
        resolve(new Channel(socket));
      });
    });
  }

  #end(fault: Error): void {
    this.#fault ??= fault;
    this.#changed.wake();
  }

  async send(octets: Uint8Array): Promise<void> {
    if (this.#fault !== null) throw this.#fault;
    if (this.#socket.write(octets)) return;
    while (this.#socket.writableNeedDrain && this.#fault === null && this.#packets.length === 0) {
      await this.#changed.wait();
    }
  }

  async next(): Promise<Packet> {
    for (;;) {
      const found = this.#packets.shift();
      if (found !== undefined) return found;
      if (this.#fault !== null) throw this.#fault;
      if (this.#socket.isPaused()) this.#socket.resume();
      await this.#changed.wait();
    }
  }

  /** Says goodbye; what is not sent then is lost. */
  close(last: Uint8Array | null): void {
    if (last !== null && this.#fault === null) this.#socket.write(last);
    this.#socket.end();
    this.#socket.unref();
    const late = setTimeout(() => this.#socket.destroy(), 1000);
    this.#socket.once("close", () => clearTimeout(late));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
