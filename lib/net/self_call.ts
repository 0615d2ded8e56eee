/**
 * Calls a listener of our own to learn whether it still accepts. Says nothing and takes nothing: the connection is
 * recognized by its ports and closed at both ends.
 */
import net, { type Socket } from "node:net";

/** How long the listener may take to accept it. */
const PATIENCE_MS = 5_000;
/** Where a listener for every address can be called. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** `NoFiles`: it could not even be tried. */
export type Heard = "Accepted" | "Silent" | "NoFiles";

export class SelfCall {
  readonly #call: Socket;
  readonly #ourPort: Promise<number | null>;
  readonly #heard = Promise.withResolvers<Heard>();

  constructor(host: string, port: number) {
    this.#call = net.connect({ host: LOOPBACK[host] ?? host, port });
    const connected = Promise.withResolvers<number | null>();
    this.#ourPort = connected.promise;
    this.#call.once("connect", () => connected.resolve(this.#call.localPort ?? null));
    this.#call.on("error", (e) => {
      connected.resolve(null);
      const code = "code" in e ? e.code : "";
      this.#heard.resolve(code === "EMFILE" || code === "ENFILE" ? "NoFiles" : "Silent");
    });
    const timer = setTimeout(() => this.#heard.resolve("Silent"), PATIENCE_MS);
    void this.#heard.promise.then(() => {
      clearTimeout(timer);
      connected.resolve(null);
      this.#call.destroy();
    });
  }

  get heard(): Promise<Heard> {
    return this.#heard.promise;
  }

  /** Gives up. */
  stop(): void {
    this.#heard.resolve("Silent");
  }

  /** Takes the connection where it is this call's; else it goes to `others`. */
  take(socket: Socket, others: (socket: Socket) => void): void {
    // only a connection of this machine with itself has the same address at both ends
    if (socket.remoteAddress !== socket.localAddress) return others(socket);
    void this.#ourPort.then((port) => {
      if (port === null || socket.remotePort !== port) return others(socket);
      socket.on("error", () => {});
      socket.destroy();
      this.#heard.resolve("Accepted");
    });
  }
}
