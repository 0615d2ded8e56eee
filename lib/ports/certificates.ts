/** The certificates that listeners show. */
import { Context } from "effect";
import type { SecureContext } from "node:tls";

export class Certificates extends Context.Service<Certificates, {
  /**
   * What to use for a client that asks for `serverName` (SNI; empty or null where it names none): the
   * certificate that has this name, else the default one. Always the newest that was read; cheap
   * enough to be called for every handshake. RFC 6066 §3
   */
  readonly contextFor: (serverName: string | null) => SecureContext;
}>()("postern/Certificates") {}
