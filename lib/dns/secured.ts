/** TLS to a name server: verified always, for DoT and DoH alike. RFC 8310 §8.1 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { notToItself } from "../ports/self_connection.ts";

export interface SecurePlace {
  readonly host: string;
  readonly port: number;
  /** What the certificate must be for: a name, or an IP address. */
  readonly name: string;
  readonly protocol: "dot" | "h2";
  /** PEM file with the authorities; null: those of the system. */
  readonly ca: string | null;
}

/** Throws where the file with the authorities cannot be read. */
export const secureSocket = (place: SecurePlace): TLSSocket =>
  notToItself(connect({
    host: place.host,
    port: place.port,
    minVersion: "TLSv1.2",
    ALPNProtocols: [place.protocol],
    // an IP address is no SNI. RFC 6066 §3
    ...(isIP(place.name) === 0 ? { servername: place.name } : {}),
    ...(place.ca === null ? {} : { ca: [readFileSync(place.ca, "utf8")] }),
  }));
