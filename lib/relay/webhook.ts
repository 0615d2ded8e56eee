/**
 * Events as signed HTTP POSTs, in their order, each batch until it is taken.
 *
 * `Postern-Signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 over `<seconds>.<body>`; a receiver compares the time as
 * well, so that nothing old can be played again. What waits is bounded and lives in memory: the log of events is
 * what survives a crash.
 */
import { createHmac } from "node:crypto";
import { Redacted } from "effect";
import type { EventSink, MailEvent } from "./announcer.ts";

export interface WebhookSettings {
  readonly url: string;
  readonly secret: Redacted.Redacted<string>;
}

export interface WebhookWorld {
  readonly post: (url: string, init: RequestInit) => Promise<{ readonly status: number }>;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

const BATCH = 100;
const MAX_WAITING = 10_000;
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** The last tries, when the server stops. */
const FAREWELL_MS = 3_000;

export const signatureOf = (
  secret: Redacted.Redacted<string>,
  seconds: number,
  body: string,
): string => {
  const mac = createHmac("sha256", Redacted.value(secret)).update(`${seconds}.${body}`);
  return `t=${seconds},v1=${mac.digest("hex")}`;
};

export class Webhook implements EventSink {
  readonly #settings: WebhookSettings;
  readonly #world: WebhookWorld;
  readonly #ended = new AbortController();
  #waiting: Array<MailEvent> = [];
  #dropped = 0;
  #running: Promise<void> | null = null;
  #pause = 0;

  constructor(settings: WebhookSettings, world: WebhookWorld) {
    this.#settings = settings;
    this.#world = world;
  }

  readonly push = (events: ReadonlyArray<MailEvent>): void => {
    this.#waiting.push(...events);
    const surplus = this.#waiting.length - MAX_WAITING;
    if (surplus > 0) {
      this.#waiting.splice(0, surplus);
      if (this.#dropped === 0) {
        this.#world.warn("The webhook is too slow; its oldest events go", {});
      }
      this.#dropped += surplus;
    }
    this.#running ??= this.#run();
  };

  async #run(): Promise<void> {
    // events of one moment go together
    await this.#world.sleep(10, this.#ended.signal);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      const fault = await this.#send(batch);
      if (fault === null) {
        this.#pause = 0;
        this.#waiting = this.#waiting.filter((e) => !batch.includes(e));
        continue;
      }
      if (this.#ended.signal.aborted) break;
      if (this.#pause === 0) this.#world.warn("The webhook takes no events; they wait", { fault });
      this.#pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pause * 2));
      await this.#world.sleep(this.#pause, this.#ended.signal);
    }
    this.#running = null;
  }

  /** Null where it was taken. A redirection is no taking: the signature is for this address. */
  async #send(events: ReadonlyArray<MailEvent>): Promise<string | null> {
    const body = JSON.stringify({ dropped: this.#dropped, events });
    const seconds = Math.floor(this.#world.now() / 1000);
    try {
      const { status } = await this.#world.post(this.#settings.url, {
        method: "POST",
        redirect: "manual",
        headers: {
          "Content-Type": "application/json",
          "Postern-Signature": signatureOf(this.#settings.secret, seconds, body),
        },
        body,
        signal: AbortSignal.timeout(this.#ended.signal.aborted ? FAREWELL_MS : TIMEOUT_MS),
      });
      if (status >= 200 && status < 300) {
        this.#dropped = 0;
        return null;
      }
      return `HTTP ${status}`;
    } catch (e) {
      return e instanceof Error ? e.message : String(e);
    }
  }

  readonly close = async (): Promise<void> => {
    this.#ended.abort();
    await this.#running;
    if (this.#waiting.length === 0) return;
    this.#world.warn("Events were not taken by the webhook", { events: this.#waiting.length });
  };
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });

/** `fetch`, the clock, and `warn` for the log. */
export const webhookWorld = (warn: WebhookWorld["warn"]): WebhookWorld => ({
  post: async (url, init) => {
    const response = await fetch(url, init);
    await response.body?.cancel();
    return response;
  },
  now: Date.now,
  sleep,
  warn,
});
