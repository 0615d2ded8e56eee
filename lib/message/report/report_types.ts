/** The contents of a report on a message and its recipients. RFC 3464, RFC 6522 */
import type { Mailbox } from "../../address/mailbox.ts";

/** RFC 3464 §2.3.3 */
export type Action = "failed" | "delayed" | "relayed" | "expanded" | "delivered";

export interface ReportedRecipient {
  /** As it was handed over, without angle brackets. */
  readonly address: string;
  /** Absent: failed. */
  readonly action?: Action;
  /** `type; address` as the client gave it, decoded. RFC 3464 §2.3.1 */
  readonly orcpt?: string;
  /** Enhanced status of the class that fits the action; 4.4.7 for expiry. RFC 3464 §2.3.4 */
  readonly status: string;
  /** What was said in words; printable ASCII on one line. */
  readonly reply: string;
  /** The host whose words these are; null where they are our own. RFC 3464 §2.3.5 */
  readonly remote: string | null;
  /** Delayed: when it is given up, ms. RFC 3464 §2.3.9 */
  readonly until?: number;
}

export interface Report {
  /** FQDN of this server. */
  readonly hostname: string;
  /** Return path of the message. */
  readonly to: Mailbox;
  /** Unique text of `[0-9A-Za-z]` for boundary and Message-ID. */
  readonly unique: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly arrivedAt: number;
  readonly recipients: ReadonlyArray<ReportedRecipient>;
  /** Header of the message, one char per octet, with or without the empty line; null: not at hand. */
  readonly original: string | null;
  /** The whole message, to go along in place of its header. RFC 3461 §4.3 */
  readonly content?: Uint8Array;
  /** ENVID, decoded. RFC 3464 §2.2.1 */
  readonly envelopeId?: string;
  /** When the message was to be there, ms. RFC 2852 §5 */
  readonly deliverBy?: number;
  /** `for;60`: how it was held back. RFC 4865 §5.1 */
  readonly held?: string;
  /** The message was internationalised: its report may be. RFC 6533 §3 */
  readonly utf8?: boolean;
}
