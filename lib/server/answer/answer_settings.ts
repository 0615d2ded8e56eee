/** What answering the questions of sessions depends on. */
import type { Duration, Effect } from "effect";
import type { Signed } from "../../stages/submission.ts";
import type { ClientLog } from "../limits/client_log.ts";
import type { Load } from "../limits/load.ts";
import type { TakenBy } from "./pass_through_submit.ts";
import type { Quota } from "../limits/quota.ts";
import type { SignedIn } from "../session/signed_in.ts";

/** What the answers to MAIL, RCPT, AUTH and the end of data depend on, besides services. */
export interface AnswerSettings {
  readonly hostname: string;
  /** A reply is due within this time. RFC 6409 §5.3 */
  readonly within: Duration.Duration;
  readonly quota: Quota;
  /** Recipients of an account in a day that it never wrote to before; zero: any number. */
  readonly newRecipientsPerDay: number;
  readonly signedIn: SignedIn;
  /** Messages of one account that may wait for their time. RFC 4865 §6 */
  readonly heldMessages: number;
  /** Of failed logins, by client. */
  readonly clientLog: ClientLog;
  /** Of refusals after the login, by account. */
  readonly refusedLog: ClientLog;
  readonly load: Load;
  /** Some route passes messages through and keeps none. */
  readonly withoutQueue: boolean;
  /** Told of every message that was accepted. */
  readonly onAccepted: ((submission: Signed) => void) | null;
  /** Notes, before the client hears, what a next hop took and no spool has. Null: nobody wants to know. */
  readonly onPassed: ((submission: Signed, by: TakenBy) => Effect.Effect<void, unknown>) | null;
}
