/**
 * Messages and recipients of an account within an hour, in memory. RFC 5321 §7.8
 *
 * Fixed windows of an hour that begin with the first message; zero means no limit.
 */
import { HourWindows } from "../../timing/hour_windows.ts";

/** Messages and recipients of an account within an hour; zero: no limit. */
export interface QuotaLimits {
  readonly messagesPerHour: number;
  readonly recipientsPerHour: number;
  /** Messages with a null return path, which anybody may send. RFC 7208 §2.4 */
  readonly nullSendersPerHour: number;
}

/** The name that the configuration has for it. */
export type Limit = "messages_per_hour" | "recipients_per_hour" | "null_senders_per_hour";

const fresh = () => ({ messages: 0, recipients: 0, nullSenders: 0 });

/** Accounts remembered; old windows go first. */
const MOST = 100_000;

/** Counts what each account sends within an hour, in memory. */
export class Quota {
  readonly #limits: QuotaLimits;
  readonly #windows = new HourWindows({ most: MOST, forget: "begun", fresh });

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  /** The limit that a message to `recipients` more would break now; null where none would. */
  exceeded(account: string, nullSender: boolean, recipients: number, now: number): Limit | null {
    const w = this.#windows.at(account, now).counts;
    const over = (limit: number, used: number): boolean => limit !== 0 && used > limit;
    const { messagesPerHour, recipientsPerHour, nullSendersPerHour } = this.#limits;
    if (over(messagesPerHour, w.messages + 1)) return "messages_per_hour";
    if (over(recipientsPerHour, w.recipients + recipients)) return "recipients_per_hour";
    return nullSender && over(nullSendersPerHour, w.nullSenders + 1)
      ? "null_senders_per_hour"
      : null;
  }

  /** Counts a message that was accepted. */
  count(account: string, nullSender: boolean, recipients: number, now: number): void {
    const w = this.#windows.at(account, now).counts;
    w.messages++;
    w.recipients += recipients;
    if (nullSender) w.nullSenders++;
  }
}
