/** The sockets of the HTTP endpoints: HTTPS with the certificates of the server, and HTTP for a proxy that ends TLS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Effect, type Scope } from "effect";
import { ConnectionLimit } from "../connection_limit.ts";
import { listen, type ListenFailed } from "../listener.ts";
import { serverTls } from "../server_tls.ts";
import { Certificates } from "../../ports/certificates.ts";
import { ALLOWED, clientOf, FORBIDDEN, send, toRequest } from "./request.ts";

export interface HttpServerOptions {
  readonly listen: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly plain: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly trustedProxies: ReadonlyArray<string>;
  /** `client`: the address that the request comes from. */
  readonly handler: (request: Request, client: string) => Promise<Response>;
  /** From connection to end of answer: a slow client has no business here. Default: 15 s. */
  readonly deadlineMs?: number;
}

export interface HttpListening {
  readonly https: ReadonlyArray<number>;
  readonly http: ReadonlyArray<number>;
}

const DEADLINE_MS = 15_000;
const LIMITS = { all: 1_000, perAddress: 50 };

/** Answers until the scope closes. */
export const serveHttp = (
  o: HttpServerOptions,
): Effect.Effect<HttpListening, ListenFailed, Certificates | Scope.Scope> =>
  Effect.gen(function* () {
    const certificates = yield* Certificates;
    const runFork = Effect.runForkWith(yield* Effect.context());
    const complain = (cause: unknown): void =>
      void runFork(Effect.logError("an HTTP request failed", { cause: String(cause) }));
    const crowd = new ConnectionLimit(LIMITS);
    yield* Effect.addFinalizer(() => Effect.sync(() => crowd.end()));
    const accept = (tls: boolean) => {
      const server = httpServer(o, tls, complain);
      return (socket: Socket): void => {
        if (!crowd.admit(socket)) return;
        const timer = setTimeout(() => socket.destroy(), o.deadlineMs ?? DEADLINE_MS);
        socket.once("close", () => clearTimeout(timer));
        if (!tls) server.emit("connection", socket);
        else {
          serverTls(socket, certificates, false, ["http/1.1", "http/1.0"], (begun) => {
            if (begun === null) return;
            begun.tls.on("error", () => socket.destroy());
            server.emit("connection", begun.tls);
          });
        }
      };
    };
    return {
      https: yield* Effect.forEach(o.listen, (a) => listen(a.host, a.port, accept(true))),
      http: yield* Effect.forEach(o.plain, (a) => listen(a.host, a.port, accept(false))),
    };
  });

/** Never listens itself: it is handed connections. */
const httpServer = (
  o: HttpServerOptions,
  tls: boolean,
  complain: (cause: unknown) => void,
): Server => {
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (incoming, outgoing) => {
    answer(o, tls, incoming, outgoing).catch((e) => {
      complain(e);
      outgoing.socket?.destroy();
    });
  });
  // no request of its own comes of it: the socket is handed over as it is
  server.on("connect", (_, socket) => socket.end(NO_TUNNEL));
  return server;
};

const NO_TUNNEL =
  `HTTP/1.1 405 Method Not Allowed\r\nAllow: ${ALLOWED}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;

const notAllowed = (): Response =>
  new Response("method not allowed\n", { status: 405, headers: { allow: ALLOWED } });

const badRequest = (): Response => new Response("bad request\n", { status: 400 });

const answer = async (
  o: HttpServerOptions,
  tls: boolean,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const { method = "GET" } = incoming;
  const response = FORBIDDEN.has(method) ? notAllowed() : await handled(o, tls, incoming);
  await send(response, method, outgoing);
};

const handled = async (
  o: HttpServerOptions,
  tls: boolean,
  incoming: IncomingMessage,
): Promise<Response> => {
  const request = await toRequest(incoming, { tls, trustedProxies: o.trustedProxies });
  return request === null
    ? badRequest()
    : await o.handler(request, clientOf(incoming, o.trustedProxies));
};
