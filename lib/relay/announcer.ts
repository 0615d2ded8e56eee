/** What happened to messages, as events for programs: to a log of JSON lines, to a webhook, or both. */
import type { DeliveryEvent } from "./outcome.ts";

export type EventKind = "accepted" | "delivered" | "deferred" | "bounced";
export const EVENT_KINDS = ["accepted", "delivered", "deferred", "bounced"] as const;

/** A message that has just been accepted. */
export interface Acceptance {
  readonly message: string;
  readonly at: number;
  readonly account: string;
  readonly returnPath: string | null;
  readonly recipients: ReadonlyArray<string>;
  /** What its 250 stood for. */
  readonly durability: "spool" | "next hop";
}

/** `id` is the same in every try to tell of it. Times are ISO 8601. */
export type MailEvent =
  & { readonly id: string; readonly at: string; readonly message: string }
  & (
    | {
      readonly event: "accepted";
      readonly account: string;
      readonly returnPath: string | null;
      readonly recipients: ReadonlyArray<string>;
      readonly durability: "spool" | "next hop";
    }
    | {
      readonly event: Exclude<EventKind, "accepted">;
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

export interface EventSink {
  readonly push: (events: ReadonlyArray<MailEvent>) => void;
  /** Tells what is left, within a bounded time. */
  readonly close: () => Promise<void>;
}

const KIND: Readonly<Record<DeliveryEvent["result"], Exclude<EventKind, "accepted">>> = {
  delivered: "delivered",
  deferred: "deferred",
  failed: "bounced",
  expired: "bounced",
};

const iso = (ms: number): string => new Date(ms).toISOString();

export class Announcer {
  readonly #sinks: ReadonlyArray<EventSink>;
  readonly #kinds: ReadonlySet<EventKind>;
  readonly #now: () => number;

  constructor(
    sinks: ReadonlyArray<EventSink>,
    kinds: ReadonlyArray<EventKind>,
    now: () => number = Date.now,
  ) {
    this.#sinks = sinks;
    this.#kinds = new Set(kinds);
    this.#now = now;
  }

  readonly accepted = (a: Acceptance): void => {
    if (!this.#kinds.has("accepted")) return;
    this.#push([{ id: crypto.randomUUID(), event: "accepted", ...a, at: iso(a.at) }]);
  };

  readonly outcomes = (events: ReadonlyArray<DeliveryEvent>): void => {
    const at = iso(this.#now());
    this.#push(
      events.filter((e) => this.#kinds.has(KIND[e.result])).map((e): MailEvent => ({
        id: crypto.randomUUID(),
        event: KIND[e.result],
        at,
        message: e.message,
        recipient: e.recipient,
        hop: e.hop,
        remote: e.remote,
        expired: e.result === "expired",
        status: e.status,
        reply: e.reply,
        attempts: e.attempts,
        next: e.until === null ? null : iso(e.until),
      })),
    );
  };

  #push(events: ReadonlyArray<MailEvent>): void {
    if (events.length > 0) { for (const sink of this.#sinks) sink.push(events); }
  }

  readonly close = async (): Promise<void> => {
    await Promise.all(this.#sinks.map((s) => s.close()));
  };
}
