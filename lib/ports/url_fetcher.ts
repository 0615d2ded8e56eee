/** Parts of messages from IMAP servers, as octets in pieces. RFC 4468 §3, RFC 4467 §6 */
import { Context, Data, Effect, Layer, type Redacted } from "effect";
import type { TaggedErrorClass } from "./tagged_error.ts";

/** An IMAP server that knows us as one that submits. */
export interface ImapServer {
  /** `host:port` as URLs name it. */
  readonly origin: string;
  /** Where it is reached. */
  readonly host: string;
  readonly port: number;
  /** TLS from the start, by STARTTLS, or never. */
  readonly tls: "implicit" | "starttls" | "none";
  readonly username: string;
  readonly password: Redacted.Redacted<string>;
  /** PEM file with the trusted authorities; null: those of the system. */
  readonly ca: string | null;
}

export interface FetchRequest {
  readonly origin: string;
  readonly url: string;
  /** A larger part is not read. */
  readonly mostOctets: number;
}

/** Where the octets go. */
export interface FetchSink {
  /** So many will come. */
  readonly begin: (octets: number) => void;
  /** Takes ownership; the next ones come when `done` was called. */
  readonly take: (octets: Uint8Array, done: () => void) => void;
}

export type FetchFault =
  /** No connection, no TLS, no sense in what it says, or too slow. */
  | "unreachable"
  /** It does not know us. */
  | "no trust"
  /** It does not give the part away. */
  | "refused"
  | "too big";

const FetchFailedBase: TaggedErrorClass<"FetchFailed"> = Data.TaggedError("FetchFailed");

/** `reason` never holds the URL: its token opens the part. */
export class FetchFailed extends FetchFailedBase<{
  readonly fault: FetchFault;
  readonly reason: string;
}> {}

export interface UrlFetcherService {
  /** Succeeds once all octets were taken and the server has confirmed them. Interruption gives up. */
  readonly fetch: (request: FetchRequest, sink: FetchSink) => Effect.Effect<void, FetchFailed>;
}

const UrlFetcherBase: Context.ServiceClass<UrlFetcher, "postern/UrlFetcher", UrlFetcherService> =
  Context.Service<UrlFetcher, UrlFetcherService>()("postern/UrlFetcher");

/** The key under which an Effect asks for {@link UrlFetcherService}. */
export class UrlFetcher extends UrlFetcherBase {}

/** Where BURL is off. */
export const noFetcher: Layer.Layer<UrlFetcher> = Layer.succeed(UrlFetcher, {
  fetch: () => Effect.fail(new FetchFailed({ fault: "no trust", reason: "BURL is off" })),
});
