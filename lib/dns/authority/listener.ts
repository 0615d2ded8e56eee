/** The sockets of the authoritative name server: UDP and TCP on one port. RFC 7766 §5, §6.2 */
import { createSocket, type Socket as Datagrams } from "node:dgram";
import { isIPv6, type Socket } from "node:net";
import { Effect, type Scope } from "effect";
import { framed, Frames } from "../frame.ts";
import { respond } from "./authority.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Zone } from "./zone.ts";
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { listen, ListenFailed } from "../../net/listener.ts";

export interface AuthorityOptions {
  readonly listen: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  /** The newest zones: looked at for every query, so that replacing them is one assignment. NS-20 */
  readonly zones: () => ReadonlyArray<Zone>;
  readonly responsesPerSecond: number;
}

const TCP_IDLE_MS = 10_000;
const LIMITS = { all: 500, perAddress: 10 };

/** Answers until the scope closes; yields the ports in the order of `listen`. */
export const serveZones = (
  o: AuthorityOptions,
): Effect.Effect<ReadonlyArray<number>, ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const limit = new RateLimit(o.responsesPerSecond);
    const crowd = new ConnectionLimit(LIMITS);
    yield* Effect.addFinalizer(() => Effect.sync(() => crowd.end()));
    const accept = (socket: Socket): void => {
      if (crowd.admit(socket)) answerStream(socket, o.zones);
    };
    return yield* Effect.forEach(o.listen, ({ host, port }) =>
      Effect.gen(function* () {
        // TCP first: where any port will do it names the one that UDP takes as well
        const bound = yield* listen(host, port, accept);
        yield* datagrams(
          host,
          bound,
          (udp, octets, from) => answerDatagram(udp, o.zones(), limit, octets, from),
        );
        return bound;
      }));
  });

interface Sender {
  readonly address: string;
  readonly port: number;
}

type OnDatagram = (udp: Datagrams, octets: Uint8Array, from: Sender) => void;

const datagrams = (host: string, port: number, onDatagram: OnDatagram) =>
  Effect.acquireRelease(
    Effect.callback<Datagrams, ListenFailed>((resume) => {
      const udp = createSocket(isIPv6(host) ? "udp6" : "udp4");
      udp.once("error", (e) =>
        resume(Effect.fail(new ListenFailed({ host, port, reason: `${e.message} (UDP)` }))));
      udp.on("message", (octets, from) =>
        onDatagram(udp, octets, from));
      udp.bind(port, host, () => {
        udp.on("error", () => {}); // an answer that could not be sent
        resume(Effect.succeed(udp));
      });
    }),
    (udp) => Effect.sync(() => udp.close()),
  );

const answerDatagram = (
  udp: Datagrams,
  zones: ReadonlyArray<Zone>,
  limit: RateLimit,
  octets: Uint8Array,
  { address, port }: Sender,
): void => {
  const reply = respond(zones, octets, "udp");
  if (reply === null || port === 0) return;
  const verdict = limit.check(address, reply.outcome, performance.now());
  if (verdict === "drop") return;
  udp.send(verdict === "truncate" ? reply.truncated : reply.octets, port, address, () => {});
};

/** Several queries may come on one connection, in any pieces. */
const answerStream = (socket: Socket, zones: () => ReadonlyArray<Zone>): void => {
  const frames = new Frames();
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on("data", (chunk) => {
    frames.push(chunk);
    for (let query; (query = frames.next()) !== null;) {
      const reply = respond(zones(), query, "tcp");
      if (reply === null) {
        socket.destroy();
        return;
      }
      socket.write(framed(reply.octets));
    }
  });
};
