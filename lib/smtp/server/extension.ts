/**
 * One service extension: its EHLO line, its parameters, its verbs. RFC 5321 §2.2
 *
 * Each extension is a file of `extensions/`; the machine knows only this shape. Its demands on the next hop are
 * checked where the hop is known: `stages/preflight.ts` at submission, `smtp/client/fitness.ts` on the way.
 */
import type { Completions } from "../../address/complete.ts";
import type { Recipient } from "../../envelope/envelope.ts";
import type { Reply } from "../../reply/reply.ts";
import type { Mechanism } from "../../sasl/mechanism.ts";
import type { Verb } from "../syntax/command.ts";
import type { Mail, Open, SessionData, Step } from "./state.ts";

/** What the machine of one listener is given once: name, limits, mechanisms, extensions. */
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

/** What a parameter is judged by besides its value. */
export interface Given {
  readonly rules: Rules;
  readonly peer: SessionData;
}

/** The parameter was taken, and the 250 is to say so in its own way. */
export interface Noted {
  readonly mail: Mail;
  readonly notice: Reply;
}

/** Takes one parameter of MAIL: the transaction with it, or the reply that refuses it. RFC 5321 §4.1.1.11 */
export type MailParameter = (
  value: string | null,
  mail: Mail,
  given: Given,
) => Mail | Noted | Reply;

/** `mail`: the transaction that the recipient joins. */
export type RcptParameter = (
  value: string | null,
  recipient: Recipient,
  mail: Mail,
) => Recipient | Reply;

/** A verb that an extension brings. */
export interface VerbRule {
  /** Gates 6 to 9; the caller has passed TLS, EHLO and login. */
  readonly obey: (rules: Rules, state: Open, argument: string) => Step;
  /** A gate said no: what has to happen besides the reply, because of what follows such a command. */
  readonly refused: (state: Open, argument: string, reply: Reply) => Step;
}

/** One SMTP service extension. RFC 5321 §2.2 */
export interface Extension {
  /** The EHLO line, or null where it is not offered in this state of the session. */
  readonly keyword: (rules: Rules, peer: SessionData) => string | null;
  /** Parameters of MAIL by name: the transaction with the value in it, or a refusal. */
  readonly mailParameters?: Readonly<Record<string, MailParameter>>;
  /** What only shows once all parameters of MAIL are read; null: nothing is wrong. */
  readonly mailRule?: (mail: Mail, given: Given) => Reply | null;
  /** Parameters of RCPT by name. */
  readonly rcptParameters?: Readonly<Record<string, RcptParameter>>;
  readonly verbs?: Readonly<Partial<Record<Verb, VerbRule>>>;
}

/** Tells a refusal from what was asked for. */
export const isReply = (x: object): x is Reply => "code" in x;
