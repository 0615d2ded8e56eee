/**
 * The ports of discovery: DNS, HTTP, probes, time and randomness. They are functions, so that discovery runs
 * wherever such functions exist. OUT-6
 */
import type { DnsAnswer, RecordType } from "../../ports/dns.ts";
import type { Draw } from "../choose.ts";

/** One question to DNS; it never rejects, and trouble is an answer of its own kind. */
export type Lookup = <T extends RecordType>(name: string, type: T) => Promise<DnsAnswer<T>>;

/** Carries no credentials and no cookies, ever. SEC-3 */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body: string | Uint8Array | null;
  /** Of the body; absent: XML. */
  readonly contentType?: string;
  readonly accept: string;
  /** Decoded octets; more is `too-big`. */
  readonly maxBytes: number;
  /** To the end of the header, and again to the end of the body. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An answer over HTTP, of whatever status. */
export interface HttpResponse {
  readonly _tag: "Response";
  readonly status: number;
  readonly contentType: string;
  /** For 3xx; null where there is none. */
  readonly location: string | null;
  /** Schemes of WWW-Authenticate, lower case. */
  readonly challenges: ReadonlyArray<string>;
  readonly body: Uint8Array;
}

/**
 * `not-found`: the host does not exist or has no address; `dns`: DNS gave no answer; `forbidden`: it
 * leads to an address or a port that may not be asked (docs/design/autodiscovery.md §9.8); `tls`: no certificate that holds for the host.
 */
export type HttpFailureKind =
  | "not-found"
  | "dns"
  | "forbidden"
  | "connect"
  | "tls"
  | "timeout"
  | "too-big"
  | "aborted";

/** No answer came over HTTP, and why. */
export interface HttpFailure {
  readonly _tag: "Failed";
  readonly kind: HttpFailureKind;
  readonly reason: string;
}

/** One request, no redirect followed; never rejects. */
export type HttpSend = (request: HttpRequest) => Promise<HttpResponse | HttpFailure>;

/** Which protocol a server is looked at in. */
export type ProbeProtocol = "imap" | "pop3" | "submission" | "sieve";

/** A look at one server: where it is, in which protocol, and for how long at most. No credentials are sent. */
export interface ProbeRequest {
  readonly protocol: ProbeProtocol;
  readonly security: "implicit" | "starttls";
  readonly host: string;
  readonly port: number;
  /** Names any of which the certificate may be for, besides `host`. RFC 7817 §3, SEC-8 */
  readonly names: ReadonlyArray<string>;
  /** RFC 4985 SRV-IDs that count: `_imaps.example.com`. */
  readonly srvIds: ReadonlyArray<string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How far a look at a server came. */
export type ProbeState =
  | "tls-ok"
  | "expired"
  | "self-signed"
  | "name-mismatch"
  | "untrusted"
  | "tls-failed"
  | "no-starttls"
  | "injected"
  | "refused"
  | "timeout"
  | "no-address"
  | "forbidden"
  | "protocol";

/** What a server showed: TLS, the names of its certificate, capabilities, ways to sign in. */
export interface ProbeReport {
  readonly state: ProbeState;
  readonly reason: string;
  /** As listed under TLS; empty without TLS. */
  readonly capabilities: ReadonlyArray<string>;
  /** SASL mechanisms, upper case. */
  readonly mechanisms: ReadonlyArray<string>;
  readonly certificate: {
    readonly names: ReadonlyArray<string>;
    readonly notAfter: string;
    /** SHA-256 of SubjectPublicKeyInfo and of the certificate, hexadecimal. RFC 6698 §2.1.2 */
    readonly spkiSha256: string;
    readonly sha256: string;
  } | null;
}

/** Speaks to a server up to its list of capabilities, with no credentials. Never rejects. docs/design/autodiscovery.md §9.7 */
export type Probe = (request: ProbeRequest) => Promise<ProbeReport>;

/** What discovery needs of the world, as functions; the entry `discovery-ports` makes them on the Deno runtime */
export interface DiscoverPorts {
  readonly lookup: Lookup;
  readonly send: HttpSend;
  readonly probe: Probe;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly draw: Draw;
}
