/** Listening sockets. Says precisely why an address cannot be had. */
import net, { type Socket } from "node:net";
import { Data, Effect, type Scope } from "effect";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

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

/** Accepts until the scope closes; what was accepted lives on. Yields the port, which matters where 0 was asked for. */
export const listen = (
  host: string,
  port: number,
  onConnection: (socket: Socket) => void,
): Effect.Effect<number, ListenFailed, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<net.Server, ListenFailed>((resume) => {
        const server = net.createServer({ pauseOnConnect: false }, onConnection);
        server.once("error", (e) =>
          resume(Effect.fail(new ListenFailed({ host, port, reason: reasonOf(e) }))));
        server.listen(port, host, () => {
          server.on("error", () => {}); // a failed accept concerns one client
          resume(Effect.succeed(server));
        });
      }),
      (server) =>
        Effect.sync(() => server.close()),
    ),
    (server) => {
      const at = server.address();
      return at !== null && typeof at === "object" ? at.port : port;
    },
  );
