/**
 * The server's side of TLS on a connection that was accepted; the certificate is chosen by name. RFC 6066 §3
 *
 * The name is read before the TLS stack is set up: a peer that connects and says nothing costs nothing, and the
 * runtime's own callback for names never gives back what it holds for a hello that does not come.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Certificates } from "../ports/certificates.ts";
import { readClientHello } from "./client_hello.ts";
import { giveBackReads } from "./read_control.ts";

/** A handshake that has begun. */
export interface Begun {
  readonly tls: TLSSocket;
  /** The name that the client asked for; null: none. */
  readonly serverName: string | null;
  readonly context: SecureContext;
}

/**
 * `begun` is called once: with null where the connection ended before its hello was complete, or speaks no TLS.
 * `asksClients`: a client's certificate is asked for, never insisted on; what it shows is looked at afterwards.
 * `protocols`: a client that offers protocols by ALPN and none of these is refused with alert 120, so that a browser
 * is not led to speak to a mail port; one without ALPN goes on. RFC 7301 §3.2
 */
export const serverTls = (
  raw: Socket,
  certificates: Certificates["Service"],
  asksClients: boolean,
  protocols: ReadonlyArray<string>,
  begun: (handshake: Begun | null) => void,
): void => {
  let held: Buffer = Buffer.alloc(0);
  const leave = (): void => {
    raw.off("data", onData).off("end", onGone).off("close", onGone).off("error", onGone);
    // without it what a fast peer sends next is lost
    raw.pause();
  };
  const onGone = (): void => {
    leave();
    // a late error has no listener left
    raw.on("error", () => {});
    raw.destroy();
    begun(null);
  };
  const onData = (chunk: unknown): void => {
    held = held.length === 0 ? chunk as Buffer : Buffer.concat([held, chunk as Buffer]);
    const hello = readClientHello(held);
    if (hello._tag === "More") return;
    if (hello._tag === "Other") return onGone();
    leave();
    raw.unshift(held);
    const context = certificates.contextFor(hello.serverName);
    const tls = new TLSSocket(raw, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: [...protocols],
      ...(asksClients ? { requestCert: true, rejectUnauthorized: false } : {}),
    });
    giveBackReads(raw);
    begun({ tls, serverName: hello.serverName, context });
  };
  raw.on("data", onData).on("end", onGone).on("close", onGone).on("error", onGone);
  raw.resume();
};
