/**
 * Copies of messages that another server has accepted and delivers: they stay in the spool, unseen by other
 * commands, until that server has finished with the message or an operator takes over.
 */
import { Context, type Effect } from "effect";
import type { NewMessage, SpoolError } from "./spool.ts";
import type { OpenRecipient, Source } from "./copy_of.ts";

/** Whom a message must still reach; nobody: it is done with, or not known. */
export interface Standing {
  readonly id: string;
  readonly open: ReadonlyArray<OpenRecipient>;
}

export interface StoredMessage {
  readonly message: Omit<NewMessage, "recipients">;
  /** SHA-256 of head and body. */
  readonly digest: Uint8Array;
}

export interface CopyEntry {
  readonly id: string;
  /** Copies of one source, in rising order. */
  readonly number: number;
}

export interface CopiesService {
  /** Of `source`, numbered above `after`: those that are its own to deliver, or those that were taken over. */
  readonly list: (
    source: Source,
    which: "kept" | "taken",
    after: number,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<CopyEntry>, SpoolError>;
  /**
   * Where these messages of `source` stand now; a copy goes with its last recipient. Yields the ids of those that were
   * taken over, which stay as they are.
   */
  readonly update: (
    source: Source,
    standing: ReadonlyArray<Standing>,
  ) => Effect.Effect<ReadonlyArray<string>, SpoolError>;
  /** `source` knows that these were taken over. */
  readonly yielded: (source: Source, ids: ReadonlyArray<string>) => Effect.Effect<void, SpoolError>;
  /**
   * `source` was heard from, good for some seconds, with the number of its last message. False, and no sign of
   * life: it had more before: it was restored from a backup and does not know all its copies here.
   */
  readonly heard: (source: Source, last: number) => Effect.Effect<boolean, SpoolError>;

  /** What our own spool goes by, and the number of its last message. */
  readonly own: Effect.Effect<{ readonly spool: string; readonly last: number }, SpoolError>;
  /** Of our own messages: where they stand, in any order. */
  readonly standing: (
    ids: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyArray<Standing>, SpoolError>;
  /** Of our own messages, numbered above `after`: those that are to stand elsewhere too and are not done with. */
  readonly replicated: (
    after: number,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<CopyEntry>, SpoolError>;
  /** One of them as it was stored, to be read again; null: it is gone. `standing` returns its recipients. */
  readonly stored: (id: string) => Effect.Effect<StoredMessage | null, SpoolError>;
  /** Another process has changed the queue since this was asked last. */
  readonly changed: Effect.Effect<boolean, SpoolError>;
  /** Takes our own messages out, undelivered: `by` has taken them over. Yields how many recipients that were. */
  readonly yield: (ids: ReadonlyArray<string>, by: string) => Effect.Effect<number, SpoolError>;
}

const CopiesBase: Context.ServiceClass<Copies, "postern/Copies", CopiesService> = Context.Service<
  Copies,
  CopiesService
>()("postern/Copies");

/** The key under which an Effect asks for {@link CopiesService}. */
export class Copies extends CopiesBase {}

/** A message as it is when it is accepted. */
export const openOf = (m: NewMessage): ReadonlyArray<OpenRecipient> =>
  m.recipients.map(({ address, hop }) => ({
    address,
    hop,
    via: null,
    held: m.hold !== undefined,
    due: m.due ?? m.acceptedAt,
    attempts: 0,
  }));

/** What is kept of one spool. */
export interface Copied extends Source {
  readonly messages: number;
  readonly octets: number;
  /** Ms. */
  readonly oldest: number;
  /** It is heard from, and delivers them itself. */
  readonly connected: boolean;
}

export interface TakenOver {
  readonly messages: ReadonlyArray<string>;
  readonly recipients: number;
}

/** What an operator does with copies, while a server may be at work. */
export interface CopiesAdminService {
  readonly kept: Effect.Effect<ReadonlyArray<Copied>, SpoolError>;
  /** They are ours to deliver from now on, save those of a spool that is connected. Null: there are no others. */
  readonly takeOver: (
    origin: string,
    o: { readonly dryRun: boolean; readonly force: boolean },
  ) => Effect.Effect<TakenOver | null, SpoolError>;
  /** Drops them, undelivered; yields how many there were. Null as above. */
  readonly drop: (
    origin: string,
    o: { readonly dryRun: boolean; readonly force: boolean },
  ) => Effect.Effect<number | null, SpoolError>;
}

const CopiesAdminBase: Context.ServiceClass<
  CopiesAdmin,
  "postern/CopiesAdmin",
  CopiesAdminService
> = Context.Service<CopiesAdmin, CopiesAdminService>()("postern/CopiesAdmin");

/** The key under which an Effect asks for {@link CopiesAdminService}. */
export class CopiesAdmin extends CopiesAdminBase {}
