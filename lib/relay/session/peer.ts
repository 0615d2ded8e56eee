/** A host of a next hop, and why it cannot be used. */
import { Data } from "effect";
import type { Contact } from "../../ports/attempt.ts";
import type { DialTarget, TlsRequest } from "../../ports/dialer.ts";
import type { Session } from "../../smtp/client/state.ts";
import type { Verdict } from "../../smtp/client/verdict.ts";

/** A host and how to speak with it. */
export interface Peer {
  readonly target: DialTarget;
  /** Name for people and for reports. */
  readonly host: string;
  /** Which TLS policy holds towards it, for people. */
  readonly why: string;
  readonly session: Omit<Session, "tls">;
  readonly implicitTls: boolean;
  readonly tls: TlsRequest;
}

/** The hop did not come to transactions. */
export class Unusable extends Data.TaggedError("Unusable")<{
  readonly stage: "dial" | "greeting" | "EHLO" | "TLS" | "AUTH" | "REQUIRETLS";
  readonly verdict: Verdict;
  readonly contact: Contact;
  /** The handshake itself failed: in clear it may work. RFC 7435 §3 */
  readonly handshake: boolean;
  /** Because the certificate was not the right one. */
  readonly untrusted?: boolean;
}> {}
