/**
 * Events as signed HTTP POSTs.
 *
 * `Postern-Signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 over `<seconds>.<body>`; a receiver compares the time as
 * well, so that nothing old can be played again.
 */
import { createHmac } from "node:crypto";
import { Redacted } from "effect";
import type { Listener } from "./event_dispatcher.ts";

/** Where events are posted, and how they are authenticated there. */
export interface WebhookSettings {
  readonly url: string;
  readonly secret: Redacted.Redacted<string>;
}

export interface WebhookWorld {
  readonly post: (url: string, init: RequestInit) => Promise<{ readonly status: number }>;
  readonly now: () => number;
}

const BATCH = 100;
const TIMEOUT_MS = 10_000;

export const signatureOf = (
  secret: Redacted.Redacted<string>,
  seconds: number,
  body: string,
): string => {
  const mac = createHmac("sha256", Redacted.value(secret)).update(`${seconds}.${body}`);
  return `t=${seconds},v1=${mac.digest("hex")}`;
};

/** A redirection is no taking: the signature is for this address. */
export const webhook = (
  { url, secret }: WebhookSettings,
  { post, now }: WebhookWorld = WORLD,
): Listener => ({
  name: "webhook",
  most: BATCH,
  tell: async ({ events, dropped }, signal) => {
    const body = `{"dropped":${dropped},"events":[${events.join(",")}]}`;
    const seconds = Math.floor(now() / 1000);
    try {
      const { status } = await post(url, {
        method: "POST",
        redirect: "manual",
        headers: {
          "Content-Type": "application/json",
          "Postern-Signature": signatureOf(secret, seconds, body),
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      return status >= 200 && status < 300 ? null : `HTTP ${status}`;
    } catch (e) {
      return reason(e);
    }
  },
});

/** With what lies behind it: "fetch failed" alone helps nobody. */
const reason = (e: unknown): string =>
  !(e instanceof Error)
    ? String(e)
    : e.cause === undefined
    ? e.message
    : `${e.message}: ${reason(e.cause)}`;

const WORLD: WebhookWorld = {
  post: async (url, init) => {
    const response = await fetch(url, init);
    await response.body?.cancel();
    return response;
  },
  now: Date.now,
};
