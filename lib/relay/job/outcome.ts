/** From what a hop said to what the spool records, and what people are told. Pure. */
import type { Mailbox } from "../../address/mailbox.ts";
import { type Attempt, attemptJson, type Contact, contactText } from "../../ports/attempt.ts";
import { LOGIN_REFUSED, type Verdict } from "../../smtp/client/verdict.ts";
import {
  AT_ONCE,
  type Delivery,
  type LeasedRecipient,
  type Outcome,
  type Settlement,
} from "../../ports/spool.ts";
import { DAMAGED } from "../../files/damaged.ts";
import type { Notice } from "./delivery_parameters.ts";
import { expiry, extraAttempt, nextAttempt, type RetryCurve } from "../retry.ts";

/** One recipient after one attempt. */
export interface Result {
  readonly recipient: LeasedRecipient;
  readonly verdict: Verdict;
  /** Host that answered or would not; null where it came to none. */
  readonly contact: Contact | null;
  /** How long it took, and whom else it was tried with. */
  readonly attempt?: Pick<Attempt, "ms" | "tried">;
  /** What the sender asked to be told of success, where nobody behind us will. RFC 3461 §5.2.2 */
  readonly notice?: Notice;
}

/** One line of the log. */
export interface DeliveryEvent {
  readonly message: string;
  /** Null for what Postern itself sends. */
  readonly account: string | null;
  readonly returnPath: Mailbox | null;
  readonly recipient: string;
  readonly size: number;
  readonly hop: string;
  readonly remote: string | null;
  readonly result: "delivered" | "deferred" | "failed" | "expired" | "damaged";
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

/** When the clock of retries started: at acceptance, or when a held message was released. RFC 4865 §4.2 */
export const startOf = ({ acceptedAt, envelope: { hold } }: Delivery): number =>
  hold === undefined ? acceptedAt : Math.max(acceptedAt, hold.until);

const remoteOf = ({ contact }: Result): string | null =>
  contact === null ? null : contactText(contact);

/** What the next hop took. */
export const takenAs = (result: Result): Outcome => ({
  _tag: "Delivered",
  reply: result.verdict.text,
  remote: remoteOf(result) ?? "",
});

/** `hop`: the one that was spoken to. */
export const settlementOf = (
  delivery: Delivery,
  hop: string,
  { recipient, contact, attempt = {} }: Result,
  outcome: Outcome,
): Settlement => ({
  recipient,
  outcome,
  ...hop === delivery.hop ? {} : { hop },
  ...contact === null ? {} : { attempt: attemptJson(contact, attempt) },
});

const ONE_DAY = 86_400_000;

/** 5.4.7: the sender's own time is over. RFC 2852 §4.1 */
const TOO_LATE = "5.4.7";

/** `grace`: so long ago (ms) time passed without us, so that nothing expires by it now. `random` is in [0, 1). */
export const outcomeOf = (
  delivery: Delivery,
  result: Result,
  now: number,
  random: number,
  curve: RetryCurve,
  grace: number | null = null,
): Outcome => {
  const { verdict: { kind, status, text: reply }, recipient } = result;
  if (kind === "accepted") return takenAs(result);
  const remote = remoteOf(result);
  if (result.verdict === DAMAGED) return { _tag: "Damaged", status, reply, remote };
  if (kind === "permanent") return { _tag: "Failed", status, reply, remote };
  const { deliverBy, returnPath } = delivery.envelope;
  if (deliverBy?.mode === "R" && now >= deliverBy.deadline && grace === null) {
    return { _tag: "Failed", status: TOO_LATE, reply, remote };
  }
  const start = startOf(delivery);
  const whole = expiry(start, returnPath === null, curve);
  // our login is not taken: nobody but the operator can help, and the sender had better hear of it. HOP-17
  const soon = status === LOGIN_REFUSED;
  const expiresAt = soon ? Math.min(whole, start + ONE_DAY) : whole;
  const attempts = recipient.attempts + 1;
  const until = nextAttempt(attempts, expiresAt, now, random, curve) ??
    extraAttempt(attempts, expiresAt - start, now, grace, curve);
  if (until === null) return { _tag: "Expired", status: EXPIRED, reply, remote };
  // one attempt falls on the sender's own time, and on that of the warning, so that what is due then happens then
  const fixed = [deliverBy?.deadline ?? null, returnPath === null ? null : warning(start, curve)]
    .filter((t) => t !== null && t > now) as ReadonlyArray<number>;
  return { _tag: "Deferred", until: Math.min(until, ...fixed), status, reply, remote };
};

const warning = (start: number, { warnAfter, lifetime }: RetryCurve): number | null =>
  warnAfter === null || warnAfter >= lifetime ? null : start + warnAfter;

/** It is time for the one word that delivery takes long: the attempt that was due then, or before, has failed. */
export const warned = (
  delivery: Delivery,
  { recipient }: Result,
  now: number,
  curve: RetryCurve,
): boolean => {
  const at = warning(startOf(delivery), curve);
  return at !== null && now >= at && recipient.due !== AT_ONCE && recipient.due <= at;
};

/** The time that was asked for has passed for the first time with the message still here. RFC 2852 §4.1 */
export const justLate = (
  { envelope: { deliverBy } }: Delivery,
  { recipient }: Result,
  now: number,
): boolean =>
  deliverBy?.mode === "N" && now >= deliverBy.deadline &&
  (recipient.attempts === 0 ||
    (recipient.due !== AT_ONCE && recipient.due <= deliverBy.deadline));

const RESULT = {
  Delivered: "delivered",
  Deferred: "deferred",
  Failed: "failed",
  Expired: "expired",
  Damaged: "damaged",
} as const;

export const eventOf = (
  delivery: Delivery,
  hop: string,
  result: Result,
  outcome: Outcome,
  now: number,
): DeliveryEvent => ({
  message: delivery.message,
  account: delivery.account,
  returnPath: delivery.envelope.returnPath,
  recipient: result.recipient.address,
  size: delivery.size,
  hop,
  remote: remoteOf(result),
  result: RESULT[outcome._tag],
  status: outcome._tag === "Delivered" ? result.verdict.status : outcome.status,
  reply: outcome.reply,
  attempts: result.recipient.attempts + 1,
  until: outcome._tag === "Deferred" ? outcome.until : null,
  age: now - delivery.acceptedAt,
});
