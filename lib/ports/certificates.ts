/** The certificates of listeners, and those of clients. */
import { Context } from "effect";
import type { SecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate } from "./accounts.ts";

/** What servers of the site offer and ask of TLS. RFC 9325 §3, §4 */
export interface TlsPolicy {
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** Suites for TLS 1.2 in OpenSSL's notation; those of TLS 1.3 are all good. */
  readonly ciphers: string;
}

export interface CertificatesService {
  /**
   * What to use for a client that asks for `serverName` (SNI; empty or null where it names none): the
   * certificate that has this name, else the default one. Always the newest that was read; cheap
   * enough to be called for every handshake. RFC 6066 §3
   */
  readonly contextFor: (serverName: string | null) => SecureContext;
  /** The data of `tls-server-end-point` for the certificate in a context; null where there is none. RFC 5929 §4 */
  readonly endPointOf: (context: SecureContext) => Uint8Array | null;
  /** Authorities are configured, so that clients are asked for a certificate. */
  readonly asksClients: boolean;
  /** The certificate of the client, if a trusted authority signed it. */
  readonly clientOf: (socket: TLSSocket) => ClientCertificate | null;
}

const CertificatesBase: Context.ServiceClass<
  Certificates,
  "postern/Certificates",
  CertificatesService
> = Context.Service<Certificates, CertificatesService>()("postern/Certificates");

/** The key under which an Effect asks for {@link CertificatesService}. */
export class Certificates extends CertificatesBase {}
