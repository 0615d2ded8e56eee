/**
 * The states of a session, what goes in and what comes out. RFC 5321 §4.1.4, RFC 6409 §4.3
 *
 * A state holds only what is legal to use in it.
 */
import type { Mailbox } from "../../address/mailbox.ts";
import type { Envelope, Recipient } from "../../envelope/envelope.ts";
import type { Claim, ScramHash, ScramKeys } from "../../envelope/login.ts";
import type { Reply } from "../../reply/reply.ts";
import { type Channel, NO_CHANNEL, type SaslStep } from "../../sasl/mechanism.ts";
import type { DataVerdict } from "../syntax/message_reader.ts";
import type { LineResult } from "../syntax/line.ts";

/** What holds between commands. */
export interface SessionData {
  readonly tls: boolean;
  /** Argument of the last EHLO or HELO; null before it. */
  readonly helo: string | null;
  /** EHLO, so that extensions are in use. RFC 5321 §3.2 */
  readonly extended: boolean;
  /** Id of the account that signed in. */
  readonly account: string | null;
  /** Refusals since the login or the last accepted message. */
  readonly errors: number;
  /** Commands since the last message. */
  readonly idle: number;
  readonly authFailures: number;
  /** MAIL commands on this connection, failed ones included. RFC 9422 §4.1 */
  readonly mails: number;
  /** What mechanisms may use of the connection; nothing before TLS. */
  readonly channel: Channel;
}

/** An envelope without recipients: what MAIL said. */
export type Mail = Omit<Envelope, "recipients">;

/** The state of a session; each holds only what is legal to use in it. */
export type State =
  | { readonly _tag: "Ready"; readonly peer: SessionData }
  | {
    readonly _tag: "Mail";
    readonly peer: SessionData;
    readonly mail: Mail;
    readonly recipients: ReadonlyArray<Recipient>;
    /** RCPT commands seen: none of them accepted is another answer than none sent. RFC 2920 §3.2 */
    readonly attempts: number;
  }
  /** Chunks have come, the last one has not. RFC 3030 §2 */
  | {
    readonly _tag: "Chunks";
    readonly peer: SessionData;
    readonly mail: Mail;
    readonly recipients: ReadonlyArray<Recipient>;
    readonly octets: number;
  }
  /** One question is open; no line is read until its answer. */
  | { readonly _tag: "Asking"; readonly peer: SessionData; readonly about: About }
  /** The next line is a response of the exchange. */
  | {
    readonly _tag: "Authenticating";
    readonly peer: SessionData;
    readonly next: (response: Uint8Array) => SaslStep;
  }
  /** A mechanism has said its last word; the next line ends the exchange. `account` where it succeeded. */
  | {
    readonly _tag: "Concluding";
    readonly peer: SessionData;
    readonly reply: Reply;
    readonly account: string | null;
  }
  /** The data is on its way. */
  | {
    readonly _tag: "Data";
    readonly peer: SessionData;
    readonly mail: Mail;
    readonly recipients: ReadonlyArray<Recipient>;
  }
  /** A chunk is on its way; `octets` counts the message up to its end. */
  | {
    readonly _tag: "Chunk";
    readonly peer: SessionData;
    readonly mail: Mail;
    readonly recipients: ReadonlyArray<Recipient>;
    readonly octets: number;
    readonly last: boolean;
    /** An IMAP server sends it, not the client. RFC 4468 §3 */
    readonly fetched?: true;
  }
  /** Octets of a refused chunk are dropped; then `reply`, and `next`. RFC 3030 §2 */
  | {
    readonly _tag: "Dropping";
    readonly peer: SessionData;
    readonly reply: Reply;
    readonly next: Open;
  }
  | { readonly _tag: "Upgrading"; readonly peer: SessionData }
  | { readonly _tag: "Closed" };

/** A command may come. */
export type Open = State & { readonly _tag: "Ready" | "Mail" | "Chunks" };

/** What an open question will lead to. */
export type About =
  /** Last words of the mechanism, if it has any. */
  | {
    readonly _tag: "Login";
    readonly success: Uint8Array | null;
    readonly failure: Uint8Array | null;
  }
  | { readonly _tag: "Keys"; readonly next: (keys: ScramKeys) => SaslStep }
  /** `notice`: what the 250 says, where it is not the plain one. */
  | { readonly _tag: "Mail"; readonly mail: Mail; readonly notice: Reply | null }
  | {
    readonly _tag: "Recipient";
    readonly mail: Mail;
    readonly recipients: ReadonlyArray<Recipient>;
    readonly attempts: number;
    readonly recipient: Recipient;
  }
  /** `fetched`: BURL ended the message. */
  | { readonly _tag: "Submit"; readonly fetched: boolean };

/** What the machine asks of the server before it can reply. */
export type Question =
  /** Does this claim hold? */
  | { readonly _tag: "Login"; readonly claim: Claim }
  /** What SCRAM needs to go on for this name. */
  | { readonly _tag: "Keys"; readonly hash: ScramHash; readonly authcid: string }
  /** Account `account` wants to send with this return path. */
  | { readonly _tag: "Mail"; readonly account: string; readonly mail: Mail }
  | {
    readonly _tag: "Recipient";
    readonly mailbox: Mailbox;
    /** The first of those taken before it; null: there is none. */
    readonly first: Mailbox | null;
    readonly account: string | null;
    readonly mail: Mail;
  }
  /** The data is complete: judge it, keep it. */
  | { readonly _tag: "Submit"; readonly account: string; readonly envelope: Envelope };

export type Input =
  /** `more`: octets behind this line have arrived already. */
  | { readonly _tag: "Line"; readonly line: LineResult; readonly more: boolean }
  /** To the one question asked. `account` only for a login that succeeded, `keys` only where they were asked for. */
  | {
    readonly _tag: "Answer";
    readonly reply: Reply;
    readonly account: string | null;
    readonly keys?: ScramKeys;
  }
  /** Of the data, of a chunk, or of octets that were dropped (`complete`). */
  | { readonly _tag: "DataEnd"; readonly verdict: DataVerdict }
  /** A part could not be fetched. RFC 4468 §6 */
  | { readonly _tag: "NotFetched"; readonly reply: Reply }
  | { readonly _tag: "TlsUp"; readonly channel: Channel }
  /** Nothing was heard for too long. */
  | { readonly _tag: "Timeout" }
  | { readonly _tag: "Shutdown" }
  /** A bug showed while a question was answered. */
  | { readonly _tag: "Defect" };

/** What the driver of a session has to do next. */
export type Output =
  | { readonly _tag: "Send"; readonly reply: Reply }
  | { readonly _tag: "Ask"; readonly question: Question }
  /** From here on the octets are data. */
  | { readonly _tag: "ReadData" }
  /** So many octets are a chunk; `first`: of a new message. RFC 3030 §2 */
  | {
    readonly _tag: "ReadChunk";
    readonly octets: number;
    readonly first: boolean;
    readonly last: boolean;
    /** BODY=BINARYMIME. RFC 3030 §3 */
    readonly binary: boolean;
  }
  /** An IMAP server has the next chunk; `origin` names it. RFC 4468 §3 */
  | {
    readonly _tag: "Fetch";
    readonly url: string;
    readonly origin: string;
    readonly first: boolean;
    readonly last: boolean;
    readonly binary: boolean;
  }
  /** So many octets are nothing at all. */
  | { readonly _tag: "DropData"; readonly octets: number }
  /** Start the handshake once what was sent is out. */
  | { readonly _tag: "StartTls" }
  /** A trusted proxy has said who the client is; port 0: not known. */
  | { readonly _tag: "Client"; readonly address: string; readonly port: number }
  | { readonly _tag: "Close" };

/** The next state, and what is to be done, in order. */
export type Step = readonly [State, ...ReadonlyArray<Output>];

export const send = (reply: Reply): Output => ({ _tag: "Send", reply });
export const ask = (question: Question): Output => ({ _tag: "Ask", question });
export const close: Output = { _tag: "Close" };
export const closed: State = { _tag: "Closed" };
export const ready = (peer: SessionData): State & { readonly _tag: "Ready" } => ({
  _tag: "Ready",
  peer,
});

/** The state after the greeting; `tls` on a port that starts with TLS. */
export const fresh = (tls: boolean, channel: Channel = NO_CHANNEL): State =>
  ready({
    tls,
    helo: null,
    extended: false,
    account: null,
    errors: 0,
    idle: 0,
    authFailures: 0,
    mails: 0,
    channel,
  });
