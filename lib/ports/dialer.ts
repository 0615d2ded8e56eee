/**
 * Outgoing connections: TCP or a unix socket, in clear or under TLS, with an upgrade on the way.
 *
 * Callbacks rather than streams: thousands of messages a second pass through a link.
 */
import { Context, Data, type Effect } from "effect";
import type { Tlsa } from "./dns.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

export type DialTarget =
  /** `address` is a textual IP address or a host name. */
  | { readonly _tag: "Tcp"; readonly address: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string };

/** How TLS is to be made. TLS 1.2 or later. RFC 8996, RFC 9325 §3.1.1 */
export interface TlsRequest {
  /** Sent as SNI; a name or an IP address. */
  readonly name: string;
  /** With `verify`, one of these must be among the certificate's; absent: `name`. RFC 9525 §6 */
  readonly names?: ReadonlyArray<string>;
  /** With `verify`, these count as well: `_service.domain`. RFC 4985 §2, RFC 9525 §6.5 */
  readonly srvIds?: ReadonlyArray<string>;
  /** Usable TLSA records, one of which must match in place of the check by authorities. RFC 7672 §3 */
  readonly tlsa?: ReadonlyArray<Tlsa>;
  /** Chain and name must hold, else the handshake fails. False: any certificate does. RFC 7435 */
  readonly verify: boolean;
  /** PEM file with the trusted authorities; null: those of the system. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

export interface LinkEvents {
  /** Octets as they come; after an upgrade those inside TLS. */
  readonly onData: (chunk: Uint8Array) => void;
  /** Once, whatever ended the link; not after `destroy`. */
  readonly onClose: (reason: string) => void;
}

export interface Link {
  /** IP address of the peer, or the path of the socket. */
  readonly remote: string;
  /** False where the peer is slow: wait for `drained` before the next large write. Takes ownership. */
  readonly write: (data: Uint8Array | string) => boolean;
  /** Resolves when more may be written, or the link is gone. */
  readonly drained: () => Promise<void>;
  /** Nothing that was written waits here any more, so that its octets are free again. */
  readonly flushed: () => boolean;
  /** Puts TLS around the link. On failure the link is gone. RFC 3207 §4 */
  readonly startTls: (request: TlsRequest) => Effect.Effect<void, TlsFailed>;
  /** Version and cipher suite; null in clear. */
  readonly protection: () => { readonly version: string; readonly cipher: string } | null;
  /** Sends what is queued, says goodbye (close_notify under TLS), closes. */
  readonly end: () => void;
  /** Drops the link at once. */
  readonly destroy: () => void;
}

const DialFailedBase: TaggedErrorClass<"DialFailed"> = Data.TaggedError("DialFailed");

/** No connection: refused, unreachable, no such name, time-out. `reason` is fit for a report. */
export class DialFailed extends DialFailedBase<{
  readonly reason: string;
  readonly cause: unknown;
}> {}

const TlsFailedBase: TaggedErrorClass<"TlsFailed"> = Data.TaggedError("TlsFailed");

/** The handshake failed; `untrusted`: because chain or name did not hold. */
export class TlsFailed extends TlsFailedBase<{
  readonly reason: string;
  readonly untrusted: boolean;
  readonly cause: unknown;
}> {}

export interface DialerService {
  /** With `tls`, TLS from the first octet (RFC 8314 §3.3). Interruption gives the connection up. */
  readonly dial: (
    target: DialTarget,
    events: LinkEvents,
    options: { readonly timeoutMs: number; readonly tls: TlsRequest | null },
  ) => Effect.Effect<Link, DialFailed | TlsFailed>;
}

const DialerBase: Context.ServiceClass<Dialer, "postern/Dialer", DialerService> = Context.Service<
  Dialer,
  DialerService
>()("postern/Dialer");

/** The key under which an Effect asks for {@link DialerService}. */
export class Dialer extends DialerBase {}
