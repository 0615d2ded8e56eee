/** Who is connected to a server: how many in all, and how many from one address. */
import type { Socket } from "node:net";
import { Bag } from "../message/bag.ts";

export interface ConnectionLimits {
  readonly all: number;
  readonly perAddress: number;
}

/** Counts, and sends nobody away. */
export class ConnectionCount {
  readonly #limits: ConnectionLimits;
  readonly #perAddress = new Map<string, number>();
  #all = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#all >= this.#limits.all;
  }

  /** One more from `address` is one too many. */
  crowded(address: string): boolean {
    return (this.#perAddress.get(address) ?? 0) >= this.#limits.perAddress;
  }

  add(address: string): void {
    this.#all++;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
  }

  remove(address: string): void {
    this.#all--;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** Of a small server: one too many is dropped without a word. */
export class ConnectionLimit {
  readonly #count: ConnectionCount;
  readonly #sockets = new Bag<Socket>();

  constructor(limits: ConnectionLimits) {
    this.#count = new ConnectionCount(limits);
  }

  /** Takes it in until it closes; one too many is destroyed, and the answer false. */
  admit(socket: Socket): boolean {
    socket.on("error", () => socket.destroy());
    const from = socket.remoteAddress ?? "";
    if (this.#count.full || this.#count.crowded(from)) {
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#count.add(from);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#count.remove(from);
    });
    return true;
  }

  /** Sends everybody away. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
