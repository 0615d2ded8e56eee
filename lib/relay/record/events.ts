/** Batches delivery events, so that a thousand log lines cost one fiber. */
import { Effect } from "effect";
import { printMailbox } from "../../address/mailbox.ts";
import type { DeliveryEvent } from "../job/outcome.ts";

const GATHER_MS = 10;

const TEXT = {
  delivered: "message delivered",
  deferred: "message deferred",
  failed: "message bounced",
  expired: "message bounced",
  damaged: "message bounced",
} as const;

/** One line of the log, of what became of one recipient: docs/log.md lists its keys. */
const line = (e: DeliveryEvent): Effect.Effect<void> =>
  Effect.logInfo(TEXT[e.result], {
    id: e.message,
    login: e.account,
    from: e.returnPath === null ? "<>" : printMailbox(e.returnPath),
    to: e.recipient,
    size: e.size,
    hop: e.hop,
    remote: e.remote,
    status: e.status,
    reply: e.reply,
    attempts: e.attempts,
    next: e.until === null ? null : new Date(e.until),
    expired: e.result === "expired" ? true : null,
    age_ms: e.age,
  });

export class Events {
  readonly #run: (effect: Effect.Effect<void>) => void;
  #gathered: Array<DeliveryEvent> = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `run` starts an effect in the background. */
  constructor(run: (effect: Effect.Effect<void>) => void) {
    this.#run = run;
  }

  add(events: ReadonlyArray<DeliveryEvent>): void {
    for (const e of events) this.#gathered.push(e);
    this.#timer ??= setTimeout(() => this.#run(this.flush), GATHER_MS);
  }

  /** Logs what was gathered; at the end, what is left. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const events = this.#gathered;
    this.#gathered = [];
    return Effect.forEach(events, line, { discard: true });
  });
}
