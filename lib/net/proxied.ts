/** Connections that come through a balancer: which balancers are trusted, and the client that they name. */
import { Buffer } from "node:buffer";
import { BlockList, isIPv6, type Socket } from "node:net";
import { type ProxiedClient, readProxyHeader } from "./proxy_header.ts";

/** A set of addresses and networks. */
export class Networks {
  readonly #list = new BlockList();
  readonly empty: boolean;

  /** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; see `parseNetwork`. */
  constructor(networks: ReadonlyArray<string>) {
    this.empty = networks.length === 0;
    for (const n of networks) {
      const [address = "", prefix] = n.split("/");
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      this.#list.addSubnet(address, Number(prefix ?? (family === "ipv6" ? 128 : 32)), family);
    }
  }

  has(address: string): boolean {
    return !this.empty && this.#list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }
}

/**
 * Reads the balancer's header from a fresh connection. What came behind it is put back, so that a TLS handshake or a
 * command in the same segment is not lost. `refused` closes the connection: a header that is bad or does not come in
 * `withinMs` leaves nobody to talk to.
 */
export const awaitProxyHeader = (
  socket: Socket,
  withinMs: number,
  accepted: (client: ProxiedClient | null) => void,
  refused: (reason: string) => void,
): void => {
  let held: Uint8Array = new Uint8Array(0);
  const leave = (): void => {
    clearTimeout(timer);
    socket.off("data", onData).off("end", onGone).off("error", onGone).off("close", onGone);
    // a late error has no listener left
    socket.on("error", () => {});
  };
  const refuse = (reason: string): void => {
    leave();
    socket.destroy();
    refused(reason);
  };
  const onGone = (): void => refuse("closed before its PROXY header was complete");
  const onData = (chunk: unknown): void => {
    held = held.length === 0 ? chunk as Uint8Array : Buffer.concat([held, chunk as Uint8Array]);
    const read = readProxyHeader(held);
    if (read._tag === "More") return;
    if (read._tag === "Bad") return refuse(read.reason);
    leave();
    socket.pause();
    const rest = held.subarray(read.octets);
    if (rest.length > 0) socket.unshift(Buffer.from(rest));
    accepted(read.client);
  };
  const timer = setTimeout(() => refuse("no PROXY header came in time"), withinMs);
  socket.on("data", onData).on("end", onGone).on("error", onGone).on("close", onGone);
};
