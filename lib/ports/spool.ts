/**
 * The spool: keeps accepted submissions safe until every recipient's next hop has answered.
 *
 * Contract (suites in test/contract/spool_suite.ts and commit_suite.ts): `commit` returns only when content, envelope and
 * trail are on stable storage in one transaction, and what it says is true whenever it is called off or given up
 * (docs/design/interruption.md); an unfinished staging leaves nothing visible;
 * claims are leased to one owner at a time, a lease lapses when its owner stops renewing, and
 * only the holder of a lease can settle it.
 */
import { Context, Data, type Effect } from "effect";
import type { Envelope } from "../envelope/envelope.ts";
import type { Attempt } from "./attempt.ts";
import type { Cancellation } from "./cancellation.ts";
import type { CopyOf } from "./copy_of.ts";
import type { Hold } from "./hold.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

export const DELIVERY_STATES = [
  "queued",
  "leased",
  "held",
  "delivered",
  "failed",
  "expired",
  "removed",
  "damaged",
] as const;
/** Where a recipient of a message stands. */
export type DeliveryState = typeof DELIVERY_STATES[number];

/** `due` of what an operator wants tried, also where its next hop is being left alone. */
export const AT_ONCE = 0;

const SpoolFullBase: TaggedErrorClass<"SpoolFull"> = Data.TaggedError("SpoolFull");

/** No room: 452 4.3.1. Everything else that fails in storage is `SpoolFault`: 451 4.3.0. */
export class SpoolFull extends SpoolFullBase<{ readonly cause: unknown }> {}

const SpoolFaultBase: TaggedErrorClass<"SpoolFault"> = Data.TaggedError("SpoolFault");

/** Storage failed: 451 4.3.0 to the client. */
export class SpoolFault extends SpoolFaultBase<{
  readonly operation: string;
  readonly cause: unknown;
  /** The message itself is not what was kept, and never will be: no later attempt finds it whole. */
  readonly damaged?: true;
}> {}
/** Every way in which the spool fails. */
export type SpoolError = SpoolFull | SpoolFault;

/**
 * A body on its way in. Small ones are held in memory; beyond a small bound the chunks go to disk as
 * they come, so that memory does not grow with the message.
 */
export interface Staging {
  /**
   * Takes ownership of `chunk`. Waits where the disk is slower than the client (back-pressure). `through`: memory is
   * scarce, so that what has a disk to go to goes there now.
   */
  readonly write: (chunk: Uint8Array, through?: boolean) => Effect.Effect<void, SpoolError>;
  /** What was written, in chunks counted from 0; null behind the last. The chunks may be cut otherwise. */
  readonly part: (index: number) => Effect.Effect<Uint8Array | null, SpoolError>;
  /** Forgets it; safe to call at any time: what a commit has taken is the commit's to keep or drop. */
  readonly discard: () => void;
}

export interface NewRecipient {
  /** As it goes to the wire, without angle brackets. */
  readonly address: string;
  /** See `hopKey`. */
  readonly hop: string;
}

/** Why a message does not leave yet. */
export interface NewMessage {
  readonly id: string;
  readonly acceptedAt: number;
  /** Null for what Postern itself sends (bounces). */
  readonly account: string | null;
  readonly session: SessionFacts | null;
  readonly envelope: Envelope;
  readonly recipients: ReadonlyArray<NewRecipient>;
  /** Final header section with the empty line behind it; latin1, one char per octet. */
  readonly head: string;
  readonly body: Staging;
  /** The body holds octets above 0x7f. */
  readonly eightBit: boolean;
  /** JSON of the trail. */
  readonly trail: string;
  /** Absent: it is due at once. `token`: what releases or cancels it, null where nothing does. */
  readonly hold?: Hold & { readonly token: string | null };
  /** Not due before this time in ms; absent: at once. RFC 4865 §4.2 */
  readonly due?: number;
  /**
   * The key that, with the body, identifies the submission; absent: it is always new. Where a message of the same
   * key and body was accepted recently, `note` (JSON of a decision) goes into its trail instead.
   */
  readonly once?: { readonly key: string; readonly note: string };
  /** Its 250 promises a copy on another server too. */
  readonly replicated?: boolean;
  /**
   * A copy of a message that another server delivers: nothing is sent, and there are no events. `recipients` is
   * empty.
   */
  readonly copyOf?: CopyOf;
}

/** `Known`: the same was submitted before under this id, and nothing new was kept. */
export type Committed =
  | { readonly _tag: "Kept" }
  | { readonly _tag: "Known"; readonly id: string };

/** One message for one next hop, leased to `owner`. */
export interface Delivery {
  readonly message: string;
  readonly acceptedAt: number;
  readonly envelope: Envelope;
  /** Octets of head and body together. */
  readonly size: number;
  readonly eightBit: boolean;
  /** Null for what Postern itself sends. */
  readonly account: string | null;
  readonly hop: string;
  /** Whose turn it takes: the account, or the return path of what has none. */
  readonly sender: string;
  readonly recipients: ReadonlyArray<LeasedRecipient>;
  /** Head and body where they are in memory still, as `read` would give them. */
  readonly content: ReadonlyArray<Uint8Array> | null;
  /** It was held and nobody released it in time: it goes back to its sender. */
  readonly overdue?: boolean;
}

export interface LeasedRecipient {
  /** Key of the recipient row. */
  readonly key: number;
  readonly address: string;
  /** Attempts made before this one. */
  readonly attempts: number;
  /** When this attempt was due, ms. */
  readonly due: number;
  /** The next hop that an operator chose in place of the routes; absent: none was. */
  readonly via?: string;
}

/**
 * What became of a recipient. `Damaged`: what is stored is not what was accepted; it is not sent, and stays for whoever
 * wants to see what is left of it. `reply` is the next hop's own words, cleaned; `at` in ms.
 */
export type Outcome =
  | { readonly _tag: "Delivered"; readonly reply: string; readonly remote: string }
  | {
    readonly _tag: "Deferred";
    readonly until: number;
    readonly status: string;
    readonly reply: string;
    readonly remote: string | null;
  }
  | {
    readonly _tag: "Failed";
    readonly status: string;
    readonly reply: string;
    readonly remote: string | null;
  }
  | {
    readonly _tag: "Expired" | "Damaged";
    readonly status: string;
    readonly reply: string;
    readonly remote: string | null;
  };

export interface Settlement {
  readonly recipient: LeasedRecipient;
  readonly outcome: Outcome;
  /** The next hop that was spoken to, where it is another one than the delivery's. */
  readonly hop?: string;
  /** JSON, see `attemptJson`; absent: there is nothing beyond the outcome's words. */
  readonly attempt?: string;
}

/** What became of recipients of one message. */
export interface Settled {
  readonly message: string;
  readonly settlements: ReadonlyArray<Settlement>;
}

/** A row of `postern queue list`. */
export interface QueueEntry {
  readonly id: string;
  readonly acceptedAt: number;
  readonly account: string | null;
  readonly returnPath: string | null;
  readonly size: number;
  readonly recipients: ReadonlyArray<QueueRecipient>;
  /** Null: nothing holds it, or an operator does. */
  readonly hold: QueueHold | null;
}
export interface QueueRecipient {
  readonly address: string;
  readonly hop: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** When the next attempt is due, ms; null where none is. */
  readonly due: number | null;
  /** Enhanced status of the last attempt that failed. */
  readonly status?: string | null;
  readonly lastReply: string | null;
  readonly lastRemote: string | null;
  /** More of the last attempt; null or absent: nothing is known of it. */
  readonly lastAttempt?: Attempt | null;
  readonly lastAt: number | null;
  /** The next hop that an operator chose in place of the routes. */
  readonly via?: string | null;
  /** Held or removed while a server has it in its hands: it may still arrive. */
  readonly underWay?: boolean;
}
/** What happened to a recipient before its present state; the last attempt stands with the recipient. */
export interface QueueEvent {
  readonly address: string;
  readonly at: number;
  readonly what: "deferred" | "held" | "released" | "retried" | "rerouted" | "edited" | "removed";
  readonly status: string | null;
  /** The next hop's own words, or what an operator gave. */
  readonly reply: string | null;
  readonly remote: string | null;
  readonly attempt?: Attempt | null;
}
/** What keeps a message in the state `held`, where it is not an operator. */
export type QueueHold = Pick<Hold, "reason" | "until" | "then">;

export interface QueueDetail extends QueueEntry {
  /** It is a copy, which another server delivers: `recipients` is empty. */
  readonly copyOf?: Pick<CopyOf, "origin" | "open">;
  /** Oldest first. */
  readonly history: ReadonlyArray<QueueEvent>;
  readonly envelope: Envelope;
  readonly session: SessionFacts | null;
  /** JSON as stored. */
  readonly trail: string;
  readonly head: string;
}

export interface SpoolService {
  readonly stage: () => Staging;
  /**
   * Durable when it succeeds; on failure nothing is kept, nor will be. It cannot be interrupted. `cancellation`: where
   * nothing was begun it fails at once; where it was, it goes on, and its outcome is the true one. `Known`: only for
   * a message that is there, or was delivered to all its recipients.
   */
  readonly commit: (
    message: NewMessage,
    cancellation?: Cancellation,
  ) => Effect.Effect<Committed, SpoolError>;
  /**
   * Deliveries that are due, leased to this process; at most `limit`, waiting for the first one.
   * What this process accepted a moment ago is handed over without a look at the disk. A backlog comes by
   * priority, then half of it by age and half from each sender in turn. `except`: none for these next hops, and
   * none at all rather than a wait.
   */
  readonly take: (
    limit: number,
    except?: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyArray<Delivery>, SpoolError>;
  /**
   * The content in chunks: the final header, the empty line, the body. Checks the SHA-256 of what
   * was committed (before the first chunk where the content is small) and fails with SpoolFault where it differs.
   * Each chunk is the reader's own, to be given back as it likes.
   */
  readonly read: (message: string) => Effect.Effect<AsyncIterable<Uint8Array>, SpoolError>;
  /**
   * Records outcomes, and in the same transaction keeps `bounce` where there is one. Durable when it succeeds;
   * settlements of leases that are no longer ours are dropped.
   */
  readonly settle: (
    message: string,
    settlements: ReadonlyArray<Settlement>,
    bounce?: NewMessage,
  ) => Effect.Effect<void, SpoolError>;
  /** As `settle` without a bounce, for several messages: all of it is recorded, or nothing. */
  readonly settleAll: (settled: ReadonlyArray<Settled>) => Effect.Effect<void, SpoolError>;
  /** Messages of an account that were never tried, since their time has not come. RFC 4865 §6 */
  readonly held: (account: string) => Effect.Effect<number, SpoolError>;
  /** Returns leases unused, as at shutdown: due at once for the next process. */
  readonly giveBack: (delivery: Delivery) => Effect.Effect<void, SpoolError>;
  /**
   * An operator has taken the recipient out of our hands since it was leased: no attempt may begin. Answers from
   * memory, within about a second of the change; `giveBack` forgets it.
   */
  readonly withdrawn: (recipient: LeasedRecipient) => boolean;
  /** Mail to this address failed for good not long ago, or an operator wants none of it. From memory. */
  readonly suppressed: (address: string) => boolean;
}

const SpoolBase: Context.ServiceClass<Spool, "postern/Spool", SpoolService> = Context.Service<
  Spool,
  SpoolService
>()("postern/Spool");

/** The key under which an Effect asks for {@link SpoolService}. */
export class Spool extends SpoolBase {}
