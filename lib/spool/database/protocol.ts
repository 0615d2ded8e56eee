/** The messages between the event loop and the thread that owns the database: plain, cloneable values. */

import type { CopyEntry, Standing } from "../../ports/copies.ts";
import type { CopyOf, Source } from "../../ports/copy_of.ts";
import type { Listeners, NewEvent, OutboxPage } from "../../ports/outbox.ts";
import type { NewMessage } from "../../ports/spool.ts";

/** A message whose body is small enough to come along. */
export interface CommitOp {
  readonly op: "commit";
  readonly id: string;
  readonly acceptedAt: number;
  readonly account: string | null;
  readonly returnPath: string | null;
  /** JSON: envelope, session, whether the body is 8-bit. */
  readonly facts: string;
  readonly trail: string;
  /** Header and empty line. */
  readonly head: Uint8Array;
  /** Number under which the first chunks were staged, or null. */
  readonly staged: number | null;
  /** The body, or what of it was not staged yet. */
  readonly body: ReadonlyArray<Uint8Array>;
  readonly recipients: ReadonlyArray<{ readonly address: string; readonly hop: string }>;
  /** When the first attempt is due, ms. */
  readonly due: number;
  /** Lease the recipients to this process at once. */
  readonly lease: boolean;
  /** Kept back, and why; null: due at once. */
  readonly hold: NewMessage["hold"] | null;
  /** Absent: 0. RFC 6710 §2 */
  readonly priority?: number;
  /** See `NewMessage`. */
  readonly once: { readonly key: string; readonly note: string } | null;
  readonly replicated?: boolean;
  readonly copyOf?: CopyOf;
}

/** Chunks of a body that is too large to be held. `number` null: the first ones. */
export interface StageOp {
  readonly op: "stage";
  readonly number: number | null;
  readonly chunks: ReadonlyArray<Uint8Array>;
}

/** One chunk of a body that is not part of a message yet. */
export interface StagedOp {
  readonly op: "staged";
  readonly number: number;
  readonly index: number;
}

export interface DiscardOp {
  readonly op: "discard";
  readonly number: number;
}

export interface ClaimOp {
  readonly op: "claim";
  readonly limit: number;
  /** More is waiting than is asked for: each sender gets a turn. */
  readonly fair?: boolean;
  /** None for these next hops. */
  readonly except?: ReadonlyArray<string>;
}

/** The content from `chunk` on: -1 is the header. */
export interface ReadOp {
  readonly op: "read";
  readonly id: string;
  readonly chunk: number;
}

export interface SettledRow {
  readonly key: number;
  readonly state: number;
  readonly due: number;
  readonly status: string | null;
  readonly reply: string | null;
  /** Of a host that was spoken to; see `attemptJson`. */
  readonly remote: string | null;
  /** The next hop, where it is another one than the queue says. */
  readonly hop?: string;
}

export interface SettleOp {
  readonly op: "settle";
  readonly rows: ReadonlyArray<SettledRow>;
  readonly bounce: CommitOp | null;
}

export interface GiveBackOp {
  readonly op: "giveBack";
  readonly keys: ReadonlyArray<number>;
}

/** Messages of `account` whose first attempt lies ahead. */
export interface HeldOp {
  readonly op: "held";
  readonly account: string;
}

/** The keys of all that is leased to this process, where another one has changed the database since it was asked last. */
export interface OursOp {
  readonly op: "ours";
  /** The process that changed it. */
  readonly always?: boolean;
}

/** What is suppressed now. */
export interface SuppressedOp {
  readonly op: "suppressed";
}

/** Events for a listener. */
export interface EventsOp {
  readonly op: "events";
  readonly listener: string;
  readonly limit: number;
}

/** Events of what is not in the spool. */
export interface AnnounceOp {
  readonly op: "announce";
  readonly events: ReadonlyArray<NewEvent>;
}

/** It has taken them. */
export interface ToldOp {
  readonly op: "told";
  readonly listener: string;
  readonly page: OutboxPage;
}

/** Copies of `source` above a number. */
export interface CopiesOp {
  readonly op: "copies";
  readonly source: Source;
  readonly which: "kept" | "taken";
  readonly after: number;
  readonly limit: number;
}

/** Where copies of `source` stand there; `yielded`: it knows that these were taken over. */
export interface CopiesStandOp {
  readonly op: "copiesStand";
  readonly source: Source;
  readonly standing: ReadonlyArray<Standing>;
  readonly yielded: ReadonlyArray<string>;
}

/** `source` is alive, for as long as a lease; `last`: the number of its last message. */
export interface SourceOp {
  readonly op: "source";
  readonly source: Source;
  readonly last: number;
}

/** What this spool goes by. */
export interface OwnSpoolOp {
  readonly op: "ownSpool";
}

/** Where our own messages stand. */
export interface StandingOp {
  readonly op: "standing";
  readonly ids: ReadonlyArray<string>;
}

/** Messages of ours that are to stand elsewhere too, above a number. */
export interface ReplicatedOp {
  readonly op: "replicated";
  readonly after: number;
  readonly limit: number;
}

/** A message as it was kept, without its body. */
export interface StoredOp {
  readonly op: "stored";
  readonly id: string;
}

export interface StoredRow {
  readonly id: string;
  readonly at: number;
  readonly account: string | null;
  readonly facts: string;
  readonly size: number;
  readonly digest: Uint8Array;
  readonly head: Uint8Array;
  readonly trail: string;
  /** Of its hold; null: nothing holds it. */
  readonly reason: string | null;
  readonly until: number | null;
  readonly expires: number | null;
}

/** A piece of its body, counted from 0. */
export interface BodyPartOp {
  readonly op: "bodyPart";
  readonly id: string;
  readonly index: number;
}

/** Whether another process has changed the database since this was asked last. */
export interface ChangedOp {
  readonly op: "changed";
}

/** Takes messages out: another server has taken them over. */
export interface YieldOp {
  readonly op: "yield";
  readonly ids: ReadonlyArray<string>;
  readonly by: string;
}

/** Renews this process's leases, drops what is over. */
export interface TickOp {
  readonly op: "tick";
}

export interface Ticked {
  /** Events that went untold. */
  readonly dropped: number;
  /** Why the file beside the spool could not be written last time; null: it could. */
  readonly witness: string | null;
}

/** Whether the files are those that their names lead to still: what is wrong, or null. */
export interface LostOp {
  readonly op: "lost";
}

export type Op =
  | LostOp
  | CommitOp
  | StageOp
  | StagedOp
  | DiscardOp
  | ClaimOp
  | ReadOp
  | SettleOp
  | GiveBackOp
  | HeldOp
  | OursOp
  | SuppressedOp
  | EventsOp
  | AnnounceOp
  | ToldOp
  | CopiesOp
  | CopiesStandOp
  | SourceOp
  | OwnSpoolOp
  | StandingOp
  | ReplicatedOp
  | StoredOp
  | BodyPartOp
  | ChangedOp
  | YieldOp
  | TickOp;

export interface ClaimedRow {
  readonly key: number;
  readonly address: string;
  readonly hop: string;
  readonly attempts: number;
  readonly due: number;
  readonly via: string | null;
  readonly sender: string | null;
  readonly id: string;
  readonly acceptedAt: number;
  readonly facts: string;
  readonly size: number;
  /** 1: its hold ended in a return. */
  readonly overdue: number;
  /** Head and body, checked, where they are small. */
  readonly content?: ReadonlyArray<Uint8Array>;
}

export interface ReadPart {
  /** With `chunk` -1 the header and the first chunk, else one chunk. */
  readonly parts: ReadonlyArray<Uint8Array>;
  /** Null behind the last. */
  readonly next: number | null;
  /** SHA-256 of the whole, to be checked by the reader; null: checked already. */
  readonly digest: Uint8Array | null;
}

/** `OursOp`: the keys, or null. */
export type OpValue =
  | string
  | number
  | boolean
  | ReadonlySet<string>
  | ReadonlyArray<ClaimedRow>
  | ReadonlyArray<CopyEntry>
  | { readonly spool: string; readonly last: number }
  | StoredRow
  | Uint8Array
  | ReadonlyArray<Standing>
  | ReadonlyArray<string>
  | ReadPart
  | KnownMessage
  | Ticked
  | OutboxPage
  | Float64Array
  | null;

/** The message was submitted before, under this id; nothing was kept. */
export interface KnownMessage {
  readonly known: string;
}

/** Results in the order of the operations. */
export type OpResult =
  | { readonly ok: true; readonly value: OpValue }
  | {
    readonly ok: false;
    readonly full: boolean;
    readonly message: string;
    /** Of what is read: it is not what was kept. */
    readonly damaged?: true;
  };

const whole = (octets: Uint8Array): ReadonlyArray<ArrayBuffer> =>
  octets.buffer instanceof ArrayBuffer && octets.byteLength === octets.buffer.byteLength
    ? [octets.buffer]
    : [];

/** Buffers of large bodies, which nobody needs on this side any more: they move instead of being copied. */
export const movesIn = (r: Request): Array<ArrayBuffer> =>
  "batch" in r ? r.batch.flatMap((op) => op.op === "stage" ? op.chunks.flatMap(whole) : []) : [];
export const movesOut = (r: Response): Array<ArrayBuffer> =>
  "results" in r
    ? r.results.flatMap((x) =>
      x.ok && x.value !== null && typeof x.value === "object" && "parts" in x.value
        ? x.value.parts.flatMap(whole)
        : []
    )
    : [];

/** What a start finds of the time before it. */
export interface Before {
  /** Milliseconds since the last sign of life of any process; 0: nothing is known of one. */
  readonly downMs: number;
  /** Milliseconds since such a time, if it was a long one, ended last; 0: it ends now; null: none is known. */
  readonly sinceDownMs: number | null;
  /** Why what stands in the spool is not sent before somebody says so; null: nothing speaks against it. */
  readonly doubt: string | null;
}

export interface OpenRequest {
  readonly open: string;
  readonly owner: string;
  readonly keepDays: number;
  /** Milliseconds that a lease outlives its last renewal. */
  readonly leaseMs: number;
  /** No retry lies farther ahead; absent: a day. */
  readonly longestDelayMs?: number;
  /** So long an address that failed for good gets no mail; absent: not at all. */
  readonly suppressMs?: number;
  /** Milliseconds for which the same submission is known again; zero: never. */
  readonly onceMs?: number;
  /** Who hears of events; absent: nobody. */
  readonly listeners?: Listeners;
  /** What is there already is not sent before it is released. */
  readonly startHeld?: boolean;
  /** Of `Places`; absent: nothing is ever withdrawn. */
  readonly places?: SharedArrayBuffer;
}
export interface BatchRequest {
  readonly batch: ReadonlyArray<Op>;
}
export type Request = OpenRequest | BatchRequest | { readonly close: true };
export type Response =
  | { readonly opened: true; readonly before: Before }
  | { readonly failed: string }
  | { readonly results: ReadonlyArray<OpResult> }
  | { readonly closed: true };
