/**
 * The envelope of one transaction: what MAIL and RCPT said. RFC 5321 §2.3.1
 *
 * Values of extensions are optional members, so that what was stored before they existed stays readable.
 */
import type { Mailbox } from "../address/mailbox.ts";

/** Which reports a sender wants of a recipient. RFC 3461 §4.1 */
export type Notify = "NEVER" | ReadonlyArray<"SUCCESS" | "FAILURE" | "DELAY">;

/** One RCPT command with its parameters. RFC 5321 §4.1.1.3, RFC 3461 §4 */
export interface Recipient {
  readonly mailbox: Mailbox;
  /** `NOTIFY=`; absent is FAILURE, and DELAY where a server likes. RFC 3461 §4.1 */
  readonly notify?: Notify;
  /** `ORCPT=` as given: `type;address`, xtext and all. RFC 3461 §4.2, RFC 6533 §3 */
  readonly orcpt?: string;
  readonly rrvs?: ValidSince;
}

/** `RRVS=`: the mailbox must have been this owner's since then. RFC 7293 §3.1 */
export interface ValidSince {
  /** Date and time as given. */
  readonly since: string;
  /** Where the next hop does not know the extension: `R` refuse, `C` go on. RFC 7293 §5.2 */
  readonly otherwise: "R" | "C";
}

/** `BY=`, its seconds counted from when MAIL was read. RFC 2852 §4 */
export interface DeliverBy {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** `R`: return it afterwards; `N`: tell the sender and go on. */
  readonly mode: "R" | "N";
  readonly trace: boolean;
}

/** `HOLDFOR=` or `HOLDUNTIL=`. RFC 4865 §5 */
export interface Hold {
  /** Not before this time, in ms. */
  readonly until: number;
  /** `for;3600` or `until;2026-01-01T00:00:00Z`, as reports name it. RFC 4865 §5.1 */
  readonly request: string;
  /** Who asked; must still be allowed to send when the time has come. RFC 4865 §6 */
  readonly account: string;
}

/** What MAIL and RCPT said of one message. RFC 5321 §2.3.1 */
export interface Envelope {
  /** `null` is `MAIL FROM:<>`. */
  readonly returnPath: Mailbox | null;
  readonly recipients: ReadonlyArray<Recipient>;
  /** `BODY=`; absent is `7BIT`. RFC 6152 §2, RFC 3030 §3 */
  readonly body: "7BIT" | "8BITMIME" | "BINARYMIME";
  /** RFC 6531 §3.4 */
  readonly smtpUtf8: boolean;
  /** `AUTH=` as given: in the trail, never trusted. RFC 4954 §5 */
  readonly submitter?: string;
  /** `SIZE=` in octets, a declaration only. RFC 1870 §3 */
  readonly declaredSize: number | null;
  /** `RET=`. RFC 3461 §4.3 */
  readonly ret?: "FULL" | "HDRS";
  /** `ENVID=` as given, in xtext. RFC 3461 §4.4 */
  readonly envid?: string;
  readonly deliverBy?: DeliverBy;
  readonly hold?: Hold;
  /** `MT-PRIORITY=`, -9 to 9, as far as the account has a right to it. RFC 6710 §3 */
  readonly priority?: number;
  /** RFC 8689 §2 */
  readonly requireTls?: true;
  /** The header says `TLS-Required: No`. RFC 8689 §5 */
  readonly tlsOptional?: true;
  /** Recipients in whose place several others came, and whose success was asked for. RFC 3461 §5.2.7.4 */
  readonly expanded?: ReadonlyArray<Recipient>;
}
