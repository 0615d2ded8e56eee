/** Name servers: address, protocol, and whether their DNSSEC result is trusted. */

/** Whose AD bit is believed: `auto` where nobody on the way can set it. RFC 6840 §5.8 */
export type TrustAd = "auto" | "always" | "never";

/** DNS over UDP and TCP, in clear. RFC 1035 §4.2 */
export interface PlainServer {
  readonly _tag: "Plain";
  readonly host: string;
  readonly port: number;
  /** Whether its AD bit is believed: the path to it must be safe too. RFC 6840 §5.8 */
  readonly trusted: boolean;
}

/** DNS over TLS. RFC 7858 */
export interface TlsServer {
  readonly _tag: "Tls";
  readonly host: string;
  readonly port: number;
  /** What its certificate must be for. RFC 8310 §8.1 */
  readonly name: string;
  readonly trusted: boolean;
}

/** DNS over HTTPS, by POST over HTTP/2. RFC 8484 §4.1 */
export interface HttpsServer {
  readonly _tag: "Https";
  readonly url: string;
  /** Where to connect; null: what the system makes of the URL's host. */
  readonly address: string | null;
  readonly trusted: boolean;
}

/** One name server to ask. */
export type DnsServer = PlainServer | TlsServer | HttpsServer;

/** The machine itself. RFC 6890 §2.2.2 */
export const isLoopback = (host: string): boolean => /^127\./.test(host) || host === "::1";

export const printServer = (s: DnsServer): string =>
  s._tag === "Https"
    ? s.url
    : s._tag === "Tls"
    ? `tls://${s.host} port ${s.port} (${s.name})`
    : `${s.host} port ${s.port}`;
