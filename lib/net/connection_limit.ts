/** Bounds the connections of a small server: in all, from one address, and how long each may last. */
import type { Socket } from "node:net";
import { Bag } from "../message/bag.ts";

export interface ConnectionLimits {
  readonly all: number;
  readonly perAddress: number;
}

export class ConnectionLimit {
  readonly #limits: ConnectionLimits;
  readonly #sockets = new Bag<Socket>();
  readonly #perAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Takes it in until it closes; one too many is destroyed, and the answer false. */
  admit(socket: Socket): boolean {
    socket.on("error", () => socket.destroy());
    const from = socket.remoteAddress ?? "";
    const here = this.#perAddress.get(from) ?? 0;
    if (here >= this.#limits.perAddress || this.#sockets.size >= this.#limits.all) {
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#perAddress.set(from, here + 1);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(from) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(from, left);
      else this.#perAddress.delete(from);
    });
    return true;
  }

  /** Sends everybody away. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
