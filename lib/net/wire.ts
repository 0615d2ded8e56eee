/**
 * The server's side of one connection: octets in, octets out, TLS from the start or after STARTTLS.
 *
 * Server-side STARTTLS exists only through node:net and node:tls. Knows nothing of SMTP.
 */
import type { Socket } from "node:net";
import type { TlsFacts } from "../envelope/session.ts";
import type { ClientCertificate } from "../ports/accounts.ts";
import type { Certificates } from "../ports/certificates.ts";
import type { ProxiedClient } from "./proxy_header.ts";
import { startReading, stopReading } from "./read_control.ts";
import { type Begun, serverTls } from "./server_tls.ts";

/** What is known of a connection once TLS is up. */
export interface Secured {
  readonly facts: TlsFacts;
  /** The name that the client asked for. RFC 6066 §3 */
  readonly serverName: string | null;
  /** The data of `tls-server-end-point` for the certificate that was shown. RFC 5929 §4 */
  readonly endPoint: Uint8Array | null;
  /** The client's certificate, verified. */
  readonly certificate: ClientCertificate | null;
}

export interface WireEvents {
  readonly onData: (chunk: Uint8Array) => void;
  /** The peer will send no more, or the connection broke. Once. */
  readonly onClose: () => void;
  /** What could not be written at once is out now. */
  readonly onDrain: () => void;
}

/** After `end` the peer has this long to take what is queued. */
const LINGER_MS = 5_000;

/** An IPv4 client on a dual-stack listener is an IPv4 client. */
export const peerAddress = (socket: Socket): string => withoutMapping(socket.remoteAddress ?? "");

const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

const octetsOf = (data: unknown): Uint8Array => data as Uint8Array;

export class Wire {
  #socket: Socket;
  readonly #certificates: Certificates["Service"];
  readonly #events: WireEvents;
  /** The TCP connection beneath TLS; null in clear. */
  #beneath: Socket | null = null;
  #closed = false;
  /** Between "begin TLS" and its end the handshake alone says when octets flow. */
  #shaking = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Ours, on this connection. */
  readonly localAddress: string;
  readonly localPort: number | null;

  /** `client`: who stands behind the balancer that the connection comes from. */
  constructor(
    socket: Socket,
    client: ProxiedClient | null,
    certificates: Certificates["Service"],
    events: WireEvents,
  ) {
    this.#socket = socket;
    this.#certificates = certificates;
    this.#events = events;
    this.remoteAddress = client?.address ?? peerAddress(socket);
    this.remotePort = client?.port ?? socket.remotePort ?? 0;
    this.localAddress = withoutMapping(socket.localAddress ?? "");
    this.localPort = socket.localPort ?? null;
    socket.setNoDelay(true);
  }

  /** Begins to listen in clear. */
  open(): void {
    this.#attach(this.#socket);
    // a balancer's header may have been read, and put it to rest
    this.#socket.resume();
  }

  readonly #onData = (data: unknown): void => this.#events.onData(octetsOf(data));
  readonly #onDrain = (): void => this.#events.onDrain();
  readonly #onEnd = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.onClose();
  };

  #attach(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.on("error", this.#onEnd);
  }

  /**
   * Puts TLS around the connection; `done` gets null where the handshake failed. Nothing that came in clear is left
   * by then: the caller looked. `protocol`: what ALPN calls it. TLS 1.2 and later, SNI. RFC 3207 §4.1, RFC 8314 §3.3
   */
  startTls(protocol: string, done: (secured: Secured | null) => void): void {
    const raw = this.#socket;
    raw.off("data", this.#onData);
    raw.off("drain", this.#onDrain);
    raw.off("end", this.#onEnd);
    raw.off("close", this.#onEnd);
    raw.off("error", this.#onEnd);
    this.#shaking = true;
    serverTls(raw, this.#certificates, this.#certificates.asksClients, [protocol], (begun) => {
      if (begun !== null) return this.#shake(raw, begun, done);
      this.#onEnd();
      done(null);
    });
  }

  #shake(
    raw: Socket,
    { tls, serverName, context }: Begun,
    done: (s: Secured | null) => void,
  ): void {
    const certificates = this.#certificates;
    this.#socket = tls;
    this.#beneath = raw;
    let settled = false;
    const settle = (secured: Secured | null): void => {
      if (settled) return;
      settled = true;
      this.#shaking = false;
      if (secured === null) {
        tls.destroy();
        this.#onEnd();
      }
      done(secured);
    };
    const failed = (): void => settle(null);
    tls.on("error", failed);
    tls.on("close", failed);
    raw.on("error", failed);
    tls.once("secure", () => {
      tls.off("close", failed);
      this.#attach(tls);
      const cipher = tls.getCipher();
      settle({
        facts: {
          version: tls.getProtocol() ?? "unknown",
          cipher: cipher?.standardName ?? cipher?.name ?? "unknown",
        },
        serverName,
        endPoint: certificates.endPointOf(context),
        certificate: certificates.asksClients ? certificates.clientOf(tls) : null,
      });
    });
  }

  /** False where the peer is slow: wait for `onDrain`. `text` is ASCII. */
  write(text: string): boolean {
    return this.#closed || this.#socket.write(text, "latin1");
  }

  pause(): void {
    if (this.#shaking) return;
    this.#socket.pause();
    if (this.#beneath !== null) stopReading(this.#beneath);
  }
  resume(): void {
    if (this.#shaking) return;
    if (this.#beneath !== null) startReading(this.#beneath);
    this.#socket.resume();
  }

  /** Sends what is queued, then close_notify under TLS, then closes. RFC 8314 §3.4 */
  end(): void {
    this.#closed = true;
    const socket = this.#socket;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    if (this.#beneath !== null) startReading(this.#beneath);
    socket.resume();
  }

  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}
