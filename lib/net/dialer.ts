/** The Dialer port on `node:net` and `node:tls`. Speaks no protocol. */
import { Effect, Layer } from "effect";
import { connect, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import {
  Dialer,
  DialFailed,
  type DialTarget,
  type Link,
  type LinkEvents,
  type TlsFailed,
  type TlsRequest,
} from "../ports/dialer.ts";
import { ConnectedToItself, meetsItself } from "../ports/self_connection.ts";
import { Signal } from "../timing/signal.ts";
import { Authorities, secure } from "./tls_client.ts";

/** Opens nothing by itself; authority files are read at their first use and once only. */
export const dialerLayer: Layer.Layer<Dialer> = Layer.sync(Dialer, () => {
  const authorities = new Authorities();
  return {
    dial: (target, events, options) =>
      Effect.flatMap(open(target, options.timeoutMs), (socket) => {
        const link = new SocketLink(socket, target, events, authorities);
        return options.tls === null
          ? Effect.succeed(link)
          : Effect.as(link.startTls(options.tls), link);
      }),
  };
});

const TEXT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "Host unreachable",
  ENETUNREACH: "Network unreachable",
  ECONNRESET: "Connection reset",
  EPIPE: "Connection lost",
  ENOTFOUND: "No such host",
  ENOENT: "No such socket",
};

const isCoded = (e: unknown): e is { readonly code: string } =>
  typeof e === "object" && e !== null && "code" in e && typeof e.code === "string";

const reasonOf = (cause: unknown): string =>
  (isCoded(cause) ? TEXT[cause.code] : undefined) ?? "Connection failed";

/** A connection in clear. */
export const open = (target: DialTarget, timeoutMs: number): Effect.Effect<Socket, DialFailed> =>
  Effect.callback<Socket, DialFailed>((resume) => {
    const socket = target._tag === "Unix"
      ? connect({ path: target.path })
      : connect({ host: target.address, port: target.port, noDelay: true });
    const give = (cause: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      resume(Effect.fail(new DialFailed({ reason: reasonOf(cause), cause })));
    };
    const timer = setTimeout(() => give({ code: "ETIMEDOUT" }), timeoutMs);
    // stays for the socket's life: an error without a listener would end the process
    socket.on("error", () => {});
    socket.once("error", give);
    socket.once("connect", () => {
      if (meetsItself(socket)) return give(new ConnectedToItself());
      clearTimeout(timer);
      socket.removeListener("error", give);
      resume(Effect.succeed(socket));
    });
    return Effect.sync(() => {
      clearTimeout(timer);
      socket.destroy();
    });
  });

/** How long a goodbye may take. */
const LINGER_MS = 2_000;

class SocketLink implements Link {
  readonly remote: string;
  readonly #events: LinkEvents;
  readonly #authorities: Authorities;
  #socket: Socket;
  #reason = "Connection closed by the server";
  #over = false;
  readonly #drained = new Signal();

  constructor(socket: Socket, target: DialTarget, events: LinkEvents, authorities: Authorities) {
    this.remote = target._tag === "Unix" ? target.path : socket.remoteAddress ?? target.address;
    this.#events = events;
    this.#authorities = authorities;
    this.#socket = socket;
    this.#attach();
  }

  readonly #onData = (chunk: Uint8Array) => this.#events.onData(chunk);
  readonly #onError = (cause: unknown) => {
    this.#reason = reasonOf(cause);
    this.#closed();
  };
  readonly #onClose = () => this.#closed();
  readonly #onDrain = () => this.#drained.wake();

  #attach(): void {
    this.#socket.on("data", this.#onData).on("error", this.#onError).on("end", this.#onClose)
      .on("close", this.#onClose).on("drain", this.#onDrain);
  }

  #detach(): void {
    this.#socket.removeListener("data", this.#onData).removeListener("error", this.#onError)
      .removeListener("end", this.#onClose).removeListener("close", this.#onClose)
      .removeListener("drain", this.#onDrain);
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.destroy();
    this.#drained.wake();
    this.#events.onClose(this.#reason);
  }

  write(data: Uint8Array | string): boolean {
    return this.#over || this.#socket.write(data);
  }

  drained(): Promise<void> {
    return this.#over || !this.#socket.writableNeedDrain ? Promise.resolve() : this.#drained.wait();
  }

  flushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  protection(): ReturnType<Link["protection"]> {
    const socket = this.#socket;
    return socket instanceof TLSSocket
      ? { version: socket.getProtocol() ?? "", cipher: socket.getCipher().name }
      : null;
  }

  startTls(request: TlsRequest): Effect.Effect<void, TlsFailed> {
    return Effect.suspend(() => {
      this.#detach();
      return Effect.map(secure(this.#socket, request, this.#authorities), (tls) => {
        this.#socket = tls;
        this.#attach();
      });
    }).pipe(Effect.tapError(() => Effect.sync(() => this.destroy())));
  }

  end(): void {
    if (this.#over) return this.destroy();
    this.#over = true;
    const socket = this.#socket;
    // a peer that never closes its side must not keep the socket
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.end();
    this.#drained.wake();
  }

  destroy(): void {
    this.#over = true;
    this.#socket.destroy();
    this.#drained.wake();
  }
}
