/**
 * The states of a submission. The order of the stages is checked by the compiler:
 * Received > Parsed > Authenticated > Authorized > Completed > Attributed > Routed > Signed.
 */
import type { Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { BodyFacts } from "../message/mime/body.ts";
import type { Header } from "../message/header.ts";
import type { ParsedFields } from "../message/parse.ts";
import type { Account } from "../ports/accounts.ts";
import type { Circumstances } from "../ports/sender_rights.ts";
import type { PassThrough, Route } from "../ports/routes.ts";
import type { Hold } from "../ports/hold.ts";
import type { StoredBody } from "../ports/stored_body.ts";
import type { Trail } from "./trail.ts";

/** What every state of a submission has; `_tag` keeps the states apart. */
export interface Submission {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly session: SessionFacts;
  /** Name of this server, for Received. */
  readonly hostname: string;
  /** The account that AUTH established, by id; null where nobody signed in. */
  readonly login: string | null;
  /** Which of several credentials signed in, by its name; absent or null where there is but one. */
  readonly credential?: string | null;
  readonly envelope: Envelope;
  /**
   * The header section exactly as it came, one char per octet (latin1), up to and including the
   * CRLF of its last line, without the empty line. Empty where the message has no header.
   */
  readonly head: string;
  /** Whether an empty line and thus a body (perhaps of no octets) followed. RFC 5322 §2.1 */
  readonly hasBody: boolean;
  readonly body: BodyFacts;
  /** Where the body waits; absent: it cannot be read again, and stays as it is. */
  readonly stored?: StoredBody;
  /** Accepted and kept back; absent: it leaves at once. */
  readonly hold?: Hold;
  /** A filter discarded it: accepted, and not stored. */
  readonly discard?: boolean;
  /** It goes to its next hop while the client waits; absent: the spool keeps it. Known once it is routed. */
  readonly passThrough?: PassThrough;
  /** The spool's 250 promises a copy on a second server too. Known once it is routed. */
  readonly replicated?: true;
  readonly trail: Trail;
}

/** The message as it came. Next: `parse`. */
export interface Received extends Submission {
  readonly _tag: "Received";
}
/** A submission whose header was read. */
export interface WithHeader extends Submission {
  /** The header as it stands now. */
  readonly header: Header;
  /** What the fields said when they were parsed; not updated by later edits. */
  readonly fields: ParsedFields;
}
/** Its header could be read. Next: `authenticate`. */
export interface Parsed extends WithHeader {
  readonly _tag: "Parsed";
}
/** A submission whose account is known. */
export interface WithAccount extends WithHeader {
  readonly account: Account;
}
/** Its account is there and may be used. Next: `enforceRights`. */
export interface Authenticated extends WithAccount {
  readonly _tag: "Authenticated";
}
/** Its account may send as every address that it claims. Next: `fixHeaders`. */
export interface Authorized extends WithAccount {
  readonly _tag: "Authorized";
}
/** Its header has been repaired. Next: `addSender`. */
export interface Completed extends WithAccount {
  readonly _tag: "Completed";
}
/** Its Sender field says who submitted it. Next: `resolveMta`. */
export interface Attributed extends WithAccount {
  readonly _tag: "Attributed";
}
/** A recipient with the route to its next hop. */
export interface RoutedRecipient {
  readonly mailbox: Mailbox;
  readonly route: Route;
}
/** Every recipient has a route. Next: `sign`. */
export interface Routed extends WithAccount {
  readonly _tag: "Routed";
  readonly routed: ReadonlyArray<RoutedRecipient>;
}

/**
 * The end of the way: the header is octets now, and there is no operation that edits it. RFC 6376 §5.3
 */
export interface Signed extends Submission {
  readonly _tag: "Signed";
  readonly account: Account;
  readonly routed: ReadonlyArray<RoutedRecipient>;
  /** As the client gave it; null where it gave none that is valid. */
  readonly messageId: string | null;
  /** The header section as it leaves, with the empty line behind it; one char per octet. */
  readonly leaving: string;
}

/** What rights may depend on, now that all is known. */
export const circumstancesOf = (s: Received | Parsed | WithAccount): Circumstances => ({
  at: s.receivedAt,
  credential: s.credential ?? null,
  recipients: s.envelope.recipients.map((r) => r.mailbox),
});

/** A stage is total, takes what it needs from the environment, and touches only its own concern. */
export type Stage<In, Out, E = never, R = never> = (input: In) => Effect.Effect<Out, E, R>;
