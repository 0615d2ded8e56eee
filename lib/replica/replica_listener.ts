/** The sockets of the server that keeps copies for others: TLS from the first octet, one connection for each of them. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Effect, type Scope } from "effect";
import { ConnectionLimit } from "../net/connection_limit.ts";
import { listen, type ListenFailed } from "../net/listener.ts";
import { Wire } from "../net/wire.ts";
import { Certificates } from "../ports/certificates.ts";
import { Copies } from "../ports/copies.ts";
import { Spool } from "../ports/spool.ts";
import { Keeper, type KeeperSettings } from "./keeper.ts";

export interface ReplicaListenerSettings extends KeeperSettings {
  readonly listen: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly handshakeMs: number;
}

const LIMITS = { all: 64, perAddress: 16 };
const TICK_MS = 1_000;

/** Keeps copies until the scope closes; yields the ports in the order of `listen`. */
export const serveCopies = (
  settings: ReplicaListenerSettings,
): Effect.Effect<
  ReadonlyArray<number>,
  ListenFailed,
  Spool | Copies | Certificates | Scope.Scope
> =>
  Effect.gen(function* () {
    const services = { spool: yield* Spool, copies: yield* Copies };
    const certificates = yield* Certificates;
    const log = Effect.runForkWith(yield* Effect.context<never>());
    const crowd = new ConnectionLimit(LIMITS);
    const keepers = new Map<Keeper, Wire>();
    const known = new Map<string, Keeper>();
    const warn = (text: string, facts: Readonly<Record<string, unknown>>): void => {
      log(Effect.logWarning(text, facts));
    };
    const accept = (socket: Socket): void => {
      if (!crowd.admit(socket)) return;
      const gone = (): void => {
        keeper.closed();
        keepers.delete(keeper);
        for (const [origin, k] of known) if (k === keeper) known.delete(origin);
      };
      const wire = new Wire(socket, null, certificates, {
        onData: (chunk) => keeper.feed(chunk),
        onClose: gone,
        onDrain: () => {},
      });
      const keeper = new Keeper(settings, services, {
        send: (octets) => void wire.write(Buffer.from(octets.buffer).toString("latin1")),
        end: () => wire.end(),
        pause: () => wire.pause(),
        resume: () => wire.resume(),
      }, {
        // an older connection of it is one that it has given up
        known: (k, origin) => {
          known.get(origin)?.refuse("there is a newer connection");
          known.set(origin, k);
          log(Effect.logInfo("copies are kept for another server", { server: origin }));
        },
        warn: (text, facts) => warn(text, { ...facts, peer: wire.remoteAddress }),
      });
      keepers.set(keeper, wire);
      keeper.deadline = performance.now() + settings.handshakeMs;
      wire.startTls("postern-copies", () => {});
    };
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        setInterval(() => {
          const now = performance.now();
          for (const [keeper, wire] of keepers) {
            if (keeper.deadline >= now) continue;
            keeper.closed();
            wire.destroy();
            keepers.delete(keeper);
          }
        }, TICK_MS)
      ),
      (timer) =>
        Effect.sync(() => {
          clearInterval(timer);
          for (const keeper of keepers.keys()) keeper.refuse("this server stops");
          crowd.end();
        }),
    );
    return yield* Effect.forEach(settings.listen, ({ host, port }) => listen(host, port, accept));
  });
