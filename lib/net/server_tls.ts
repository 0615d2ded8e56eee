/** The server's side of TLS on a connection that was accepted; the certificate is chosen by name. RFC 6066 §3 */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificates } from "../ports/certificates.ts";

export const serverTls = (raw: Socket, certificates: Certificates["Service"]): TLSSocket => {
  raw.pause(); // without it the ClientHello of a fast peer is lost
  return new TLSSocket(raw, {
    isServer: true,
    secureContext: certificates.contextFor(null),
    SNICallback: (name, choose) => choose(null, certificates.contextFor(name)),
  });
};
