/** From what a hop said to what the spool records, and what people are told. Pure. */
import type { Verdict } from "../smtp/client/verdict.ts";
import type { Delivery, LeasedRecipient, Outcome } from "../ports/spool.ts";
import { expiry, nextAttempt, type RetryCurve } from "./retry.ts";

/** One recipient after one attempt. */
export interface Result {
  readonly recipient: LeasedRecipient;
  readonly verdict: Verdict;
  /** Host that answered or would not, with its address; null where it came to none. */
  readonly remote: string | null;
}

/** One line of the log. */
export interface DeliveryEvent {
  readonly message: string;
  readonly recipient: string;
  readonly hop: string;
  readonly remote: string | null;
  readonly result: "delivered" | "deferred" | "failed" | "expired";
  readonly status: string;
  readonly reply: string;
  /** Attempts made, this one included. */
  readonly attempts: number;
  /** When the next one is due, ms; null where there is none. */
  readonly until: number | null;
  /** Milliseconds from acceptance to this outcome. */
  readonly age: number;
}

/** 4.4.7: delivery time expired. RFC 3463 §3.5 */
const EXPIRED = "4.4.7";

export const outcomeOf = (
  delivery: Delivery,
  result: Result,
  now: number,
  random: number,
  curve: RetryCurve,
): Outcome => {
  const { verdict: { kind, status, text: reply }, recipient, remote } = result;
  if (kind === "accepted") return { _tag: "Delivered", reply, remote: remote ?? "" };
  if (kind === "permanent") return { _tag: "Failed", status, reply, remote };
  const expiresAt = expiry(delivery.acceptedAt, delivery.envelope.returnPath === null, curve);
  const until = nextAttempt(recipient.attempts + 1, expiresAt, now, random, curve);
  return until === null
    ? { _tag: "Expired", status: EXPIRED, reply, remote }
    : { _tag: "Deferred", until, status, reply, remote };
};

const RESULT = {
  Delivered: "delivered",
  Deferred: "deferred",
  Failed: "failed",
  Expired: "expired",
} as const;

export const eventOf = (
  delivery: Delivery,
  hop: string,
  result: Result,
  outcome: Outcome,
  now: number,
): DeliveryEvent => ({
  message: delivery.message,
  recipient: result.recipient.address,
  hop,
  remote: result.remote,
  result: RESULT[outcome._tag],
  status: outcome._tag === "Delivered" ? result.verdict.status : outcome.status,
  reply: outcome.reply,
  attempts: result.recipient.attempts + 1,
  until: outcome._tag === "Deferred" ? outcome.until : null,
  age: now - delivery.acceptedAt,
});
