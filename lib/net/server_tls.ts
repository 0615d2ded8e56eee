/** The server's side of TLS on a connection that was accepted; the certificate is chosen by name. RFC 6066 §3 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Certificates } from "../ports/certificates.ts";

export interface ServerTlsOptions {
  /** A client's certificate is asked for, never insisted on: what it shows is looked at afterwards. */
  readonly asksClients?: boolean;
  /** The name that the client asked for, and what was chosen by it. */
  readonly onName?: (name: string, context: SecureContext) => void;
}

export const serverTls = (
  raw: Socket,
  certificates: Certificates["Service"],
  o: ServerTlsOptions = {},
): TLSSocket => {
  raw.pause(); // without it the ClientHello of a fast peer is lost
  return new TLSSocket(raw, {
    isServer: true,
    secureContext: certificates.contextFor(null),
    ...(o.asksClients === true ? { requestCert: true, rejectUnauthorized: false } : {}),
    SNICallback: (name, choose) => {
      const context = certificates.contextFor(name);
      o.onName?.(name, context);
      choose(null, context);
    },
  });
};
