/**
 * The submission server: listeners, connections, limits, one timer for all, and a stop that cuts nothing.
 */
import type { Socket } from "node:net";
import { Duration, Effect, Exit, type Scope } from "effect";
import { Networks } from "../address/ip.ts";
import { Bag } from "../message/bag.ts";
import { ConnectionCount } from "../net/connection_limit.ts";
import { listen, type ListenFailed } from "../net/listener.ts";
import { Accounts } from "../ports/accounts.ts";
import { awaitProxyHeader } from "../net/proxied.ts";
import type { ProxiedClient } from "../net/proxy_header.ts";
import { peerAddress } from "../net/wire.ts";
import { Certificates } from "../ports/certificates.ts";
import { Signer } from "../ports/signer.ts";
import { Spool } from "../ports/spool.ts";
import type { UrlFetcher } from "../ports/url_fetcher.ts";
import * as say from "../reply/catalog.ts";
import type { Mechanism } from "../sasl/mechanism.ts";
import { extensionsWith, type OptionalExtensions } from "../smtp/server/extensions/all.ts";
import { xclient } from "../smtp/server/extensions/xclient.ts";
import type { Rules } from "../smtp/server/extension.ts";
import type { ServerLimits } from "../smtp/server/limits.ts";
import { type AnswerServices, makeAnswerer } from "./answer/answer.ts";
import type { AnswerSettings } from "./answer/answer_settings.ts";
import { Signal } from "../timing/signal.ts";
import { makeFetchPart } from "./session/fetch_part.ts";
import { Connection } from "./session/connection.ts";
import type { OpenSession, SessionHost } from "./session/session_host.ts";
import { DataMemory } from "./session/data_memory.ts";
import { refusedLine } from "./session/refused_log.ts";
import { countClosing } from "./limits/throttled.ts";

/** Where to listen: an IP address and a port; port 0 is any free one. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** How a submission server behaves; `serverSettings(hostname)` has the defaults. Sizes count octets. */
export interface ServerSettings extends AnswerSettings {
  readonly submission: ReadonlyArray<SocketAddress>;
  readonly submissions: ReadonlyArray<SocketAddress>;
  /** Addresses and networks of balancers, which name the client in a PROXY header. */
  readonly proxyFrom: ReadonlyArray<string>;
  /** Addresses and networks of proxies, which name the client by XCLIENT. */
  readonly xclientFrom: ReadonlyArray<string>;
  readonly limits: ServerLimits;
  /** See `Rules`. */
  readonly domains?: Rules["domains"];
  readonly extensions: OptionalExtensions;
  readonly mechanisms: ReadonlyArray<Mechanism>;
  /** How long a stop waits for running ends of data. */
  readonly grace: Duration.Duration;
}

/** The ports that were really bound. */
export interface Listening {
  readonly submission: ReadonlyArray<SocketAddress>;
  readonly submissions: ReadonlyArray<SocketAddress>;
}

/** One timer looks after every connection. */
const TICK_MS = 1_000;

class Connections {
  readonly #all = new Bag<OpenSession>();
  readonly #gone = new Signal();
  readonly #count: ConnectionCount;

  constructor(count: ConnectionCount) {
    this.#count = count;
  }

  add(c: OpenSession): void {
    this.#all.add(c);
    this.#count.add(c.remoteAddress);
  }
  remove(c: OpenSession): void {
    if (!this.#all.delete(c)) return;
    this.#count.remove(c.remoteAddress);
    if (this.#all.size === 0) this.#gone.wake();
  }
  /** `take` changes the address that it goes by. */
  rename(c: OpenSession, take: () => void): void {
    if (!this.#all.has(c)) return;
    this.#count.remove(c.remoteAddress);
    take();
    this.#count.add(c.remoteAddress);
  }
  expire(now: number): void {
    for (const c of this.#all) if (c.deadline < now) c.expire();
  }
  stop(): void {
    for (const c of this.#all) c.stop();
  }
  destroy(): void {
    for (const c of this.#all) c.destroy();
  }
  /** Resolves once the last connection is gone. */
  readonly empty: Effect.Effect<void> = Effect.suspend(() =>
    this.#all.size === 0 ? Effect.void : this.#gone.next
  );
}

/**
 * Listens until the scope closes. Closing it stops accepting, answers 421 to the idle, waits for
 * running ends of data, and only then lets go. RFC 5321 §3.8
 */
export const serveSubmissions = (
  settings: ServerSettings,
): Effect.Effect<
  Listening,
  ListenFailed,
  AnswerServices | UrlFetcher | Certificates | Scope.Scope
> =>
  Effect.gen(function* () {
    const services = yield* Effect.context<AnswerServices | UrlFetcher>();
    const certificates = yield* Certificates;
    const spool = yield* Spool;
    const accounts = yield* Accounts;
    const signer = yield* Signer;
    const { limits } = settings;
    const count = new ConnectionCount({
      all: limits.connections,
      perAddress: limits.connectionsPerAddress,
    });
    const connections = new Connections(count);
    const memory = new DataMemory(limits.dataBytes ?? Infinity);
    const balancers = new Networks(settings.proxyFrom);
    const { ask, expire } = makeAnswerer(settings, services);
    const fetch = makeFetchPart(services);
    const runFork = Effect.runForkWith(services);
    const proxies = new Networks(settings.xclientFrom);
    const hostFor = (startTls: boolean, proxied: boolean): SessionHost => ({
      rules: rulesOf(settings, startTls, proxied),
      certificates,
      headerBytes: limits.headerBytes,
      idleMs: Duration.toMillis(limits.idle),
      dataMs: Duration.toMillis(limits.data),
      handshakeMs: Duration.toMillis(limits.handshake),
      stage: spool.stage,
      digest: signer.digest,
      share: () => memory.share(),
      write: (body, chunk, through, done) => {
        const writing = body.write(chunk, through);
        // held in memory: nothing to wait for
        if (writing === Effect.void) return done(null, false);
        const fiber = runFork(Effect.match(writing, {
          onSuccess: () => null,
          onFailure: (fault) => fault,
        }));
        fiber.addObserver((exit) => done(exit._tag === "Success" ? exit.value : null, true));
      },
      ask,
      fetch,
      certified: (certificate, done) => {
        const fiber = runFork(
          accounts.certified(certificate).pipe(
            Effect.catch((e) =>
              Effect.as(Effect.logError("client certificate not looked up", { fault: e }), null)
            ),
          ),
        );
        fiber.addObserver((exit) => done(Exit.isSuccess(exit) ? exit.value?.id ?? null : null));
      },
      refused: (session, reply, input, before) => {
        const line = refusedLine(settings, session, reply, input, before);
        if (line !== null) runFork(line);
      },
      closed: (c) => {
        settings.signedIn.leave(c.id);
        connections.remove(c);
      },
      renamed: (c, address, take) => {
        const crowded = count.crowded(address);
        connections.rename(c, take);
        return crowded ? say.TOO_MANY_CONNECTIONS : null;
      },
    });
    const accept = (listener: "submission" | "submissions") => {
      const direct = hostFor(listener === "submission", false);
      const proxied = hostFor(listener === "submission", true);
      const begin = (socket: Socket, client: ProxiedClient | null): void => {
        const id = crypto.randomUUID();
        const host = proxies.has(peerAddress(socket)) ? proxied : direct;
        const c = new Connection(host, socket, client, listener, id, performance.now());
        const crowded = count.crowded(c.remoteAddress);
        const { full } = count;
        connections.add(c);
        if (full || crowded) {
          // under TLS a reply in clear would be noise
          if (listener === "submissions") {
            countClosing(full ? say.OVERLOADED : say.TOO_MANY_CONNECTIONS);
            c.destroy();
          } else c.refuse(full ? say.OVERLOADED : say.TOO_MANY_CONNECTIONS);
        } else c.open();
      };
      return (socket: Socket): void => {
        const peer = peerAddress(socket);
        if (!balancers.has(peer)) return begin(socket, null);
        awaitProxyHeader(
          socket,
          Duration.toMillis(limits.handshake),
          (client) => begin(socket, client),
          (reason) =>
            runFork(Effect.logWarning("connection of a balancer refused", { peer, reason })),
        );
      };
    };
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        setInterval(() => {
          const now = performance.now();
          connections.expire(now);
          expire(now);
        }, TICK_MS)
      ),
      (timer) => Effect.sync(() => clearInterval(timer)),
    );
    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        connections.stop();
        yield* Effect.timeoutOption(connections.empty, settings.grace);
        connections.destroy();
      })
    );
    const bind = (
      addresses: ReadonlyArray<SocketAddress>,
      listener: "submission" | "submissions",
    ) =>
      Effect.forEach(
        addresses,
        ({ host, port }) =>
          Effect.map(listen(host, port, accept(listener)), (bound) => ({ host, port: bound })),
      );
    return {
      submission: yield* bind(settings.submission, "submission"),
      submissions: yield* bind(settings.submissions, "submissions"),
    };
  });

const rulesOf = (settings: ServerSettings, startTls: boolean, proxied: boolean): Rules => ({
  ...settings.limits,
  hostname: settings.hostname,
  startTls,
  ...(settings.domains === undefined ? {} : { domains: settings.domains }),
  mechanisms: settings.mechanisms,
  extensions: [...extensionsWith(settings.extensions), ...(proxied ? [xclient] : [])],
  now: Date.now,
});
