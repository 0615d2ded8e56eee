/** Results of TLS towards recipient domains, for the reports that they may request. RFC 8460 */
import { Context, Layer } from "effect";

/** RFC 8460 §4.3 */
export type TlsResultType =
  | "starttls-not-supported"
  | "certificate-not-trusted"
  | "validation-failure"
  | "dnssec-invalid";

/** The policy that a session was under. RFC 8460 §4.4 */
export interface NotedPolicy {
  readonly type: "tlsa" | "sts" | "no-policy-found";
  /** As it was published, line by line. */
  readonly lines: ReadonlyArray<string>;
  /** Patterns of an MTA-STS policy. */
  readonly mx: ReadonlyArray<string>;
}

/** What TLS towards one host of a recipient domain came to. RFC 8460 §4.3 */
export interface TlsNote {
  readonly domain: string;
  readonly policy: NotedPolicy;
  readonly host: string;
  /** Address of the host; null where it came to no connection. */
  readonly address: string | null;
  /** Null: the session was as the policy asks. */
  readonly failure: { readonly type: TlsResultType; readonly reason: string } | null;
}

const TlsNotesBase: Context.ServiceClass<
  TlsNotes,
  "postern/TlsNotes",
  ((note: TlsNote) => void) | null
> = Context.Service<
  TlsNotes,
  ((note: TlsNote) => void) | null
>()("postern/TlsNotes");

/** Null: nobody takes notes, and none are made. */
export class TlsNotes extends TlsNotesBase {}

/** Takes none. */
export const noTlsNotes: Layer.Layer<TlsNotes> = Layer.succeed(TlsNotes, null);
