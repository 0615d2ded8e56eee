/**
 * Events for programs outside: stored in the transaction of the change that they report, until every listener has
 * taken them. Costs nothing without listeners.
 */
import { Context, type Effect } from "effect";
import type { SpoolError } from "./spool.ts";

/** What can happen to a message that others may be told of. */
export const EVENT_KINDS = [
  "accepted",
  "held",
  "released",
  "removed",
  "deferred",
  "delivered",
  "bounced",
] as const;
/** One of {@link EVENT_KINDS}. */
export type EventKind = typeof EVENT_KINDS[number];

/** `id` is the same each time it is sent. Times are ISO 8601. */
export type MailEvent =
  & { readonly id: string; readonly at: string; readonly message: string }
  & (
    | {
      readonly event: "accepted";
      readonly account: string;
      readonly returnPath: string | null;
      readonly recipients: ReadonlyArray<string>;
      /** What its 250 stood for. */
      readonly durability: "spool" | "replicated" | "next hop";
    }
    | {
      readonly event: "held";
      readonly recipients: ReadonlyArray<string>;
      /** Null: an operator holds it. */
      readonly reason: string | null;
      readonly until: string | null;
      readonly then: "release" | "expire" | null;
    }
    | {
      /** By an operator or its owner, or since its time was over; taken out, undelivered. */
      readonly event: "released" | "removed";
      readonly recipients: ReadonlyArray<string>;
    }
    | {
      readonly event: "delivered" | "deferred" | "bounced";
      readonly recipient: string;
      readonly hop: string;
      readonly remote: string | null;
      /** Given up because its time was over, rather than refused. */
      readonly expired: boolean;
      readonly status: string;
      readonly reply: string;
      readonly attempts: number;
      readonly next: string | null;
    }
  );

type Told<E> = E extends MailEvent ? Omit<E, "id" | "at"> : never;
/** Before it has an id. */
export type NewEvent = Told<MailEvent>;

/** The listeners, as a spool gets them when it is opened. */
export interface Listeners {
  readonly names: ReadonlyArray<string>;
  readonly kinds: ReadonlyArray<EventKind>;
  /** Events that were not taken are dropped after this time, and beyond this number. */
  readonly keepMs: number;
  readonly most: number;
}

/** Events that a listener has not taken, oldest first. */
export interface OutboxPage {
  /** JSON of a `MailEvent` each. */
  readonly events: ReadonlyArray<string>;
  /** For `taken`. */
  readonly upTo: number;
  /** Events that went before this listener could take them. */
  readonly dropped: number;
}

export interface OutboxService {
  /** Also nothing while another process serves this listener. */
  readonly next: (listener: string, limit: number) => Effect.Effect<OutboxPage, SpoolError>;
  readonly taken: (listener: string, page: OutboxPage) => Effect.Effect<void, SpoolError>;
  /** Of what the spool does not see: what left it never. Those that nobody listens for are left out. */
  readonly add: (events: ReadonlyArray<NewEvent>) => Effect.Effect<void, SpoolError>;
  /** Done once there may be more, within a second. */
  readonly more: Effect.Effect<void>;
}

const OutboxBase: Context.ServiceClass<Outbox, "postern/Outbox", OutboxService> = Context.Service<
  Outbox,
  OutboxService
>()("postern/Outbox");

/** The key under which an Effect asks for {@link OutboxService}. */
export class Outbox extends OutboxBase {}
