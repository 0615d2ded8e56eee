/** What the machine of one listener is told once: name, limits, mechanisms, extensions. */
import type { Completions } from "../../address/complete.ts";
import type { Mechanism } from "../../sasl/mechanism.ts";
import type { Extension } from "./extension.ts";

export interface Rules {
  /** FQDN of this server. */
  readonly hostname: string;
  /** STARTTLS is offered (a certificate is there and the listener starts in clear). */
  readonly startTls: boolean;
  readonly messageBytes: number;
  /** RCPT commands of one transaction. RFC 5321 §4.5.3.1.8, RFC 9422 §4.2 */
  readonly recipients: number;
  /** MAIL commands of one connection. RFC 9422 §4.1 */
  readonly mails: number;
  /** Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 */
  readonly commandLineBytes: number;
  /** Octets of a line in an AUTH exchange with its CRLF. RFC 4954 §4 */
  readonly authLineBytes: number;
  /** Refused commands without an accepted message between them until the session is closed. */
  readonly errors: number;
  /** Commands without a message until the session is closed. */
  readonly idleCommands: number;
  /** Failed logins in a session until it is closed. RFC 4954 §9 */
  readonly authFailures: number;
  /** By single label in lower case, the domain that it stands for; absent: none is completed. RFC 6409 §4.2 */
  readonly domains?: Completions;
  readonly mechanisms: ReadonlyArray<Mechanism>;
  readonly extensions: ReadonlyArray<Extension>;
  /** The time in ms: some parameters count from now. A test fixes it. */
  readonly now: () => number;
}
