/**
 * The envelope of one transaction: what MAIL and RCPT said. RFC 5321 §2.3.1
 *
 * Values of later extensions are added here as optional members, so that what is stored stays readable.
 */
import type { Mailbox } from "../address/mailbox.ts";

export interface Recipient {
  readonly mailbox: Mailbox;
}

export interface Envelope {
  /** `null` is `MAIL FROM:<>`. */
  readonly returnPath: Mailbox | null;
  readonly recipients: ReadonlyArray<Recipient>;
  /** `BODY=`; absent is `7BIT`. RFC 6152 §2 */
  readonly body: "7BIT" | "8BITMIME";
  /** RFC 6531 §3.4 */
  readonly smtpUtf8: boolean;
  /** `AUTH=` as it was given: told in the trail, believed by nobody. RFC 4954 §5 */
  readonly submitter?: string;
  /** `SIZE=` in octets, a declaration only. RFC 1870 §3 */
  readonly declaredSize: number | null;
}
