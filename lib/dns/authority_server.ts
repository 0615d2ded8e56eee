/** The sockets of the authoritative server: UDP and TCP on one port. RFC 7766 §5, §6.2 */
import { Buffer } from "node:buffer";
import { createSocket, type Socket as Datagrams } from "node:dgram";
import net, { isIPv6, type Socket } from "node:net";
import { Data, Effect, type Scope } from "effect";
import { respond } from "./authority.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Zone } from "./zone.ts";

export class DnsListenFailed extends Data.TaggedError("DnsListenFailed")<{
  readonly host: string;
  readonly port: number;
  readonly reason: string;
}> {
  override get message(): string {
    return `cannot answer DNS on ${this.host}:${this.port}: ${this.reason}`;
  }
}

export interface AuthorityOptions {
  readonly listen: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  /** The newest zones: looked at for every query, so that replacing them is one assignment. NS-20 */
  readonly zones: () => ReadonlyArray<Zone>;
  readonly responsesPerSecond: number;
}

const TCP_IDLE_MS = 10_000;
const TCP_PER_ADDRESS = 10;
const TCP_ALL = 500;

/** Answers until the scope closes; yields the ports in the order of `listen`. */
export const serveZones = (
  o: AuthorityOptions,
): Effect.Effect<ReadonlyArray<number>, DnsListenFailed, Scope.Scope> => {
  const limit = new RateLimit(o.responsesPerSecond);
  const tcp = new Connections(o.zones);
  return Effect.forEach(o.listen, ({ host, port }) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.tryPromise({
          try: () => open(host, port, o, limit, tcp),
          catch: (e) =>
            new DnsListenFailed({ host, port, reason: e instanceof Error ? e.message : String(e) }),
        }),
        (opened) => Effect.sync(() => opened.close()),
      ),
      (opened) => opened.port,
    ));
};

interface Opened {
  readonly port: number;
  readonly close: () => void;
}

/** TCP first: where any port will do it names the one that UDP takes as well. */
const open = async (
  host: string,
  port: number,
  o: AuthorityOptions,
  limit: RateLimit,
  tcp: Connections,
): Promise<Opened> => {
  const server = net.createServer((socket) => tcp.accept(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve());
  });
  server.on("error", () => {}); // a failed accept concerns one client
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  const udp = createSocket(isIPv6(host) ? "udp6" : "udp4");
  udp.on("message", (octets, from) => {
    answerDatagram(udp, o, limit, octets, from.address, from.port);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once("error", reject).bind(bound, host, () => resolve());
    });
  } catch (e) {
    server.close();
    throw e;
  }
  udp.on("error", () => {}); // an answer that could not be sent
  return {
    port: bound,
    close: () => {
      server.close();
      udp.close();
      tcp.end();
    },
  };
};

const answerDatagram = (
  udp: Datagrams,
  o: AuthorityOptions,
  limit: RateLimit,
  octets: Uint8Array,
  address: string,
  port: number,
): void => {
  const reply = respond(o.zones(), octets, "udp");
  if (reply === null || port === 0) return;
  const verdict = limit.check(address, reply.outcome, performance.now());
  if (verdict === "drop") return;
  udp.send(verdict === "truncate" ? reply.truncated : reply.octets, port, address, () => {});
};

class Connections {
  readonly #zones: () => ReadonlyArray<Zone>;
  readonly #open = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();

  constructor(zones: () => ReadonlyArray<Zone>) {
    this.#zones = zones;
  }

  accept(socket: Socket): void {
    const from = socket.remoteAddress ?? "";
    const here = this.#perAddress.get(from) ?? 0;
    socket.on("error", () => socket.destroy());
    if (here >= TCP_PER_ADDRESS || this.#open.size >= TCP_ALL) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    this.#perAddress.set(from, here + 1);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.once("close", () => {
      this.#open.delete(socket);
      const left = (this.#perAddress.get(from) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(from, left);
      else this.#perAddress.delete(from);
    });
    this.#read(socket);
  }

  /** Several queries may come on one connection, in any pieces. */
  #read(socket: Socket): void {
    let held = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      held = Buffer.concat([held, Buffer.from(chunk)]);
      while (held.length >= 2) {
        const size = held.readUInt16BE(0);
        if (held.length < size + 2) return;
        const reply = respond(this.#zones(), held.subarray(2, size + 2), "tcp");
        held = Buffer.from(held.subarray(size + 2));
        if (reply === null) {
          socket.destroy();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.octets.length);
        socket.write(Buffer.concat([length, reply.octets]));
      }
    });
  }

  end(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
