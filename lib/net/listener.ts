/** Listening sockets. Says precisely why an address cannot be had, and goes on after the process ran out of files. */
import net, { type Socket } from "node:net";
import { Data, Duration, Effect, type Scope } from "effect";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";
import { filesRanOut } from "./open_files.ts";
import { type Heard, SelfCall } from "./self_call.ts";

const ListenFailedBase: TaggedErrorClass<"ListenFailed"> = Data.TaggedError("ListenFailed");

/** An address that was to be listened on cannot be had. */
export class ListenFailed extends ListenFailedBase<{
  readonly host: string;
  readonly port: number;
  readonly reason: string;
}> {
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.reason}`;
  }
}

const reasonOf = (e: unknown): string => {
  const code = e instanceof Error && "code" in e ? e.code : "";
  switch (code) {
    case "EADDRINUSE":
      return "the port is in use by another program; stop it or choose another port in [listen]";
    case "EACCES":
      return "not allowed; ports below 1024 need CAP_NET_BIND_SERVICE or a socket handed over by the system";
    case "EADDRNOTAVAIL":
      return "this machine does not have that address";
    default:
      return e instanceof Error ? e.message : String(e);
  }
};

/** How often it is looked whether files ran out. */
const LOOK = Duration.seconds(1);
/** After so long without a connection it is found out whether one would be accepted. */
const SILENCE_MS = 30_000;

/**
 * Accepts until the scope closes; what was accepted lives on. Yields the port, which matters where 0 was asked for.
 *
 * node:net tells nobody when accept() fails because the process has no files left, and never accepts again. So the
 * listener looks after itself: after a shortage, and after a long silence, it calls itself, and listens anew where
 * nothing answers.
 */
export const listen = (
  host: string,
  port: number,
  onConnection: (socket: Socket) => void,
): Effect.Effect<number, ListenFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const listener = yield* Effect.acquireRelease(
      Effect.map(bind(host, port), (server) => new Listener(host, server, onConnection)),
      (l) => Effect.sync(() => l.close()),
    );
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(LOOK), listener.look)));
    return listener.port;
  });

const bind = (host: string, port: number): Effect.Effect<net.Server, ListenFailed> =>
  Effect.callback((resume) => {
    const server = net.createServer({ pauseOnConnect: false });
    server.once(
      "error",
      (e) => resume(Effect.fail(new ListenFailed({ host, port, reason: reasonOf(e) }))),
    );
    server.listen(port, host, () => {
      server.on("error", () => {}); // a failed accept concerns one client
      resume(Effect.succeed(server));
    });
  });

const portOf = (server: net.Server): number => {
  const at = server.address();
  return at !== null && typeof at === "object" ? at.port : 0;
};

class Listener {
  readonly #host: string;
  readonly #onConnection: (socket: Socket) => void;
  readonly port: number;
  /** Null while it could not be bound anew. */
  #server: net.Server | null;
  #call: SelfCall | null = null;
  #heardAt = performance.now();
  /** Files ran out, and nothing was accepted by a call since: it may be deaf. */
  #doubtful = false;
  /** It could not be bound anew, which is told once. */
  #failing = false;
  #closed = false;

  constructor(host: string, server: net.Server, onConnection: (socket: Socket) => void) {
    this.#host = host;
    this.#onConnection = onConnection;
    this.port = portOf(server);
    this.#server = this.#hear(server);
  }

  #hear(server: net.Server): net.Server {
    server.on("connection", (socket) => {
      this.#heardAt = performance.now();
      if (this.#call === null) this.#onConnection(socket);
      else this.#call.take(socket, this.#onConnection);
    });
    return server;
  }

  close(): void {
    this.#closed = true;
    this.#call?.stop();
    this.#server?.close();
  }

  /** To be run every second or so. */
  readonly look: Effect.Effect<void> = Effect.suspend(() => {
    if (filesRanOut()) return this.#shortage();
    const silent = performance.now() - this.#heardAt >= SILENCE_MS;
    if (this.#server === null) return this.#anew();
    if (!this.#doubtful && !silent) return Effect.void;
    return Effect.flatMap(this.#callSelf, (heard) => {
      if (heard === "NoFiles") return this.#shortage();
      if (heard === "Silent") return this.#anew();
      if (!this.#doubtful) return Effect.void;
      this.#doubtful = false;
      return this.#tell("connections are accepted again");
    });
  });

  readonly #callSelf: Effect.Effect<Heard> = Effect.promise(async () => {
    const call = new SelfCall(this.#host, this.port);
    this.#call = call;
    const heard = await call.heard;
    this.#call = null;
    return heard;
  });

  #shortage(): Effect.Effect<void> {
    if (this.#doubtful) return Effect.void;
    this.#doubtful = true;
    return Effect.logError("the system lets this process open no more files: connections wait", {
      listener: `${this.#host}:${this.port}`,
      todo: "raise LimitNOFILE of the service (ulimit -n), or lower limits.connections",
    });
  }

  #anew(): Effect.Effect<void> {
    if (this.#closed) return Effect.void;
    this.#server?.close();
    this.#server = null;
    return bind(this.#host, this.port).pipe(
      Effect.matchEffect({
        onSuccess: (server) => {
          if (this.#closed) return Effect.sync(() => void server.close());
          this.#server = this.#hear(server);
          this.#heardAt = performance.now();
          this.#doubtful = false;
          this.#failing = false;
          return this.#tell(
            "the listener had gone deaf and listens anew: connections are accepted again",
          );
        },
        onFailure: (e) => {
          if (this.#failing) return Effect.void;
          this.#failing = true;
          return Effect.logError(e.message, { todo: "it is tried again every second" });
        },
      }),
    );
  }

  #tell(text: string): Effect.Effect<void> {
    return Effect.logWarning(text, { listener: `${this.#host}:${this.port}` });
  }
}
