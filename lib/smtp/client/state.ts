/**
 * The states of a client session, what may happen to it and what it asks of its driver.
 *
 * A state holds only what is legal to use in it. SMTP and LMTP share the machine: LMTP says LHLO and
 * gets one reply per accepted recipient after the dot. RFC 5321 §3, RFC 2033 §4
 */
import type { Redacted } from "effect";
import type { Recipient } from "../../envelope/envelope.ts";
import type { Offer } from "./offer.ts";
import type { ServerReply } from "./reply_reader.ts";
import type { Verdict } from "./verdict.ts";

/** What holds for a session from its first octet on. */
export interface Session {
  readonly protocol: "SMTP" | "LMTP";
  /** Our own name, ASCII. RFC 5321 §4.1.1.1 */
  readonly hostname: string;
  /** `encrypt`: TLS or nothing is sent; `required`: verified TLS or nothing. RFC 7435 §4, RFC 8314 §4.4 */
  readonly policy: "none" | "opportunistic" | "encrypt" | "required";
  /** How the connection is protected now. */
  readonly tls: "clear" | "unverified" | "verified";
  /** Sent under verified TLS only. */
  readonly credentials:
    | { readonly username: string; readonly password: Redacted.Redacted<string> }
    | null;
}

/** One message for one transaction. */
export interface Mail {
  /** Without angle brackets; empty for the null return path. */
  readonly from: string;
  /** Without angle brackets, at least one. */
  readonly to: ReadonlyArray<string>;
  /** Octets, dots not doubled. RFC 1870 §6.2 */
  readonly size: number;
  readonly eightBit: boolean;
  /** Holds what only an SMTPUTF8 hop may get. RFC 6531 §3.2 */
  readonly utf8: "none" | "address" | "header";
  /** All recipients or none: what the server does not take for each of them is not sent at all. */
  readonly whole?: true;
  /** Indices of recipients who must wait for another connection. RFC 9422 §4.3 */
  readonly later?: ReadonlySet<number>;
  /** What extensions say besides; absent where they say nothing. */
  readonly wishes?: Wishes;
}

/** Parameters that go on where the hop knows them, and what happens where it does not. */
export interface Wishes {
  /** Any octets: BDAT only. RFC 3030 §3 */
  readonly binary?: true;
  readonly ret?: "FULL" | "HDRS";
  /** xtext. RFC 3461 §4.4 */
  readonly envid?: string;
  /** Seconds that are left. RFC 2852 §4 */
  readonly by?: { readonly seconds: number; readonly mode: "R" | "N"; readonly trace: boolean };
  readonly priority?: number;
  /** `must`: not without it; `may`: a report, which had better arrive. RFC 8689 §4.2, §5 */
  readonly requireTls?: "must" | "may";
  /** By index of `to`; absent where no recipient has any. */
  readonly recipients?: ReadonlyArray<Omit<Recipient, "mailbox">>;
}

/** The reply that is awaited next. */
export type Phase =
  | { readonly _tag: "Reset" }
  | { readonly _tag: "Mail" }
  | { readonly _tag: "Rcpt"; readonly index: number }
  | { readonly _tag: "Data" }
  /** The driver is writing; no reply is due. */
  | { readonly _tag: "Content" }
  /** `index` is the recipient whose reply is next with LMTP. RFC 2033 §4.2 */
  | { readonly _tag: "Final"; readonly index: number }
  /** The reply to a lone dot, which means nothing. RFC 2920 §3.1 */
  | { readonly _tag: "Empty" };

export interface Ready {
  readonly _tag: "Ready";
  readonly session: Session;
  readonly offer: Offer;
  /** The last transaction was left half done: RSET comes first. */
  readonly dirty: boolean;
}

export interface Transaction {
  readonly _tag: "Transaction";
  readonly ready: Ready;
  readonly mail: Mail;
  readonly phase: Phase;
  /** One per recipient; null while nothing is known, `accepted` from RCPT until the end of data. */
  readonly verdicts: ReadonlyArray<Verdict | null>;
  /** MAIL was refused: what the replies behind it say does not count. */
  readonly refusal: Verdict | null;
  /** The message that follows on this connection, where it is known already. */
  readonly next: Next | null;
  /** Its commands left behind the content of the message before, and how; null: on their own. */
  readonly ahead: "try" | "go" | null;
}

/**
 * Whether the commands of a message may leave behind the content of the one before: `go` where the server has shown
 * that it takes that, `try` to find out, `wait` not at all. Some take what comes there for smuggled. RFC 2920 §3.1
 */
export type Behind = "wait" | "try" | "go";

export interface Next {
  readonly mail: Mail;
  readonly behind: Behind;
  /** Its commands left behind the content of this one, in the same group. RFC 2920 §3.1 */
  readonly sent: boolean;
}

export type State =
  | { readonly _tag: "Greeting"; readonly session: Session }
  | { readonly _tag: "Hello"; readonly session: Session; readonly verb: "EHLO" | "LHLO" | "HELO" }
  | { readonly _tag: "Starting"; readonly session: Session; readonly offer: Offer }
  | { readonly _tag: "Handshake"; readonly session: Session }
  | {
    readonly _tag: "Auth";
    readonly ready: Ready;
    /** Base64 lines that answer the next challenges. */
    readonly answers: ReadonlyArray<string>;
  }
  | Ready
  | Transaction
  | { readonly _tag: "Quitting" }
  | { readonly _tag: "Closed" };

export type Input =
  /** `more`: octets have arrived behind it. RFC 3207 §4.2 */
  | { readonly _tag: "Reply"; readonly reply: ServerReply; readonly more: boolean }
  | { readonly _tag: "Garbage" }
  | { readonly _tag: "TlsUp"; readonly verified: boolean }
  /** Legal in `Ready`, and in a transaction that has no `next` yet. */
  | {
    readonly _tag: "Deliver";
    readonly mail: Mail;
    /** Of one that follows another; absent: `go`. */
    readonly behind?: Behind;
  }
  /** Content and end mark are written. */
  | { readonly _tag: "ContentSent" }
  /** The content cannot be finished: the connection ends without an end mark. */
  | { readonly _tag: "ContentFailed"; readonly verdict: Verdict }
  | { readonly _tag: "Timeout" }
  /** The connection is gone. */
  | { readonly _tag: "Lost"; readonly reason: string }
  | { readonly _tag: "Quit" };

export type Output =
  /** Command lines with their CRLF, to be sent as UTF-8. */
  | { readonly _tag: "Send"; readonly text: string }
  | { readonly _tag: "StartTls" }
  /** Write the content, dots doubled, and the end mark; then say `ContentSent`. */
  | { readonly _tag: "SendContent" }
  /** Transactions may begin. */
  | { readonly _tag: "Opened"; readonly offer: Offer }
  /** The session never came to transactions. */
  | {
    readonly _tag: "Refused";
    readonly stage: "greeting" | "EHLO" | "TLS" | "AUTH";
    readonly verdict: Verdict;
  }
  /**
   * The oldest transaction is over; one verdict per recipient, in order. With `Close` in the same step the one
   * that was to follow has not begun.
   */
  | {
    readonly _tag: "Finished";
    readonly verdicts: ReadonlyArray<Verdict>;
    /** Nothing was decided, since commands were sent ahead: to be sent again, and on its own. */
    readonly again?: true;
  }
  /** Whether the server takes commands behind the content: what was tried, or what it refuses by now. */
  | { readonly _tag: "Ahead"; readonly taken: boolean }
  | { readonly _tag: "Close" };

export type Step = readonly [State, ...ReadonlyArray<Output>];

export const closed: State = { _tag: "Closed" };
export const close: Output = { _tag: "Close" };
export const send = (text: string): Output => ({ _tag: "Send", text });

/** A session on a connection that was just made. */
export const opening = (session: Session): State => ({ _tag: "Greeting", session });

/** Which time-out holds. RFC 5321 §4.5.3.2 */
export type Waiting = "greeting" | "command" | "data" | "block" | "final" | "idle";

export const waiting = (state: State): Waiting => {
  switch (state._tag) {
    case "Greeting":
      return "greeting";
    case "Ready":
    case "Quitting":
    case "Closed":
      return "idle";
    case "Transaction":
      return FOR_PHASE[state.phase._tag];
    default:
      return "command";
  }
};

const FOR_PHASE: Readonly<Record<Phase["_tag"], Waiting>> = {
  Reset: "command",
  Mail: "command",
  Rcpt: "command",
  Data: "data",
  Content: "block",
  Final: "final",
  Empty: "final",
};
