/**
 * Answers the questions of a session by running the stages: one Effect a question.
 *
 * Refusals carry their reply; faults of ours become 451 and a log line under the session's id; a bug
 * ends that one session. RFC 5321 §4.2.5, RFC 6409 §5.3
 */
import { Cause, Clock, type Context, Duration, Effect, Exit } from "effect";
import { printMailboxAscii } from "../../address/mailbox.ts";
import type { SessionFacts } from "../../envelope/session.ts";
import { Bag } from "../../message/bag.ts";
import { Accounts } from "../../ports/accounts.ts";
import type { Correspondents } from "../../ports/correspondents.ts";
import type { HandOver } from "../../ports/hand_over.ts";
import type { LoginThrottle } from "../../ports/login_throttle.ts";
import type { Records } from "../../ports/records.ts";
import { Spool, type SpoolError } from "../../ports/spool.ts";
import type { Tokens } from "../../ports/tokens.ts";
import * as say from "../../reply/catalog.ts";
import type { Question } from "../../smtp/server/state.ts";
import { admitTogether } from "../../stages/admit_together.ts";
import { admitRecipient } from "../../stages/admit_recipient.ts";
import { enforceReturnPath } from "../../stages/enforce_rights.ts";
import type { PipelineServices } from "../../stages/pipeline.ts";
import { factsAtRcpt } from "../../stages/resolve_mta.ts";
import { answerKeys, answerLogin } from "./answer_login.ts";
import type { AnswerSettings } from "./answer_settings.ts";
import { Due } from "./due.ts";
import { failureReply, type Refused } from "./failure_reply.ts";
import { type Answer, just, type ReceivedData, type SessionHost } from "../session/session_host.ts";
import { submit } from "./submit.ts";
import { withinQuota } from "../limits/throttled.ts";

export type AnswerServices =
  | PipelineServices
  | LoginThrottle
  | Spool
  | Records
  | Tokens
  | Correspondents
  | HandOver;

const mail = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Mail" },
) {
  const account = yield* (yield* Accounts).find(question.account);
  if (account === null || account.disabled) return just(say.ACCOUNT_GONE);
  if (question.mail.hold !== undefined) { // RFC 4865 §6
    const held = yield* (yield* Spool).held(account.id);
    if (held >= settings.heldMessages) return just(say.TOO_MUCH_HELD);
  }
  const now = yield* Clock.currentTimeMillis;
  yield* enforceReturnPath(account, question.mail.returnPath, {
    at: now,
    credential: settings.signedIn.of(session.id)?.credential ?? null,
    recipients: null,
  });
  const nullSender = question.mail.returnPath === null;
  return withinQuota(settings.quota, account.id, nullSender, 1, now)
    ? just(say.SENDER_OK)
    : just(say.RATE_LIMITED);
});

const recipient = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Recipient" },
) {
  const login = settings.signedIn.of(session.id);
  const account = login === null ? null : yield* (yield* Accounts).find(login.account);
  if (account === null) return just(say.ACCOUNT_GONE);
  if ((yield* Spool).suppressed(printMailboxAscii(question.mailbox))) return just(say.SUPPRESSED);
  const facts = factsAtRcpt(question);
  yield* admitRecipient(account, question.mailbox, facts);
  if (settings.withoutQueue) {
    const no = yield* admitTogether(question, facts, login !== null && login.login !== null);
    if (no !== null) return just(no);
  }
  return just(say.RECIPIENT_OK);
});

const answer = (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
  due: Due,
): Effect.Effect<Answer, never, AnswerServices> => {
  const run = (): Effect.Effect<Answer, Refused | SpoolError, AnswerServices> => {
    switch (question._tag) {
      case "Login":
        return answerLogin(settings, session, question.claim);
      case "Keys":
        return answerKeys(session, question.authcid, question.hash);
      case "Mail":
        return mail(settings, session, question);
      case "Recipient":
        return recipient(settings, session, question);
      case "Submit":
        return data === null
          ? Effect.die(new Error("no data"))
          : submit(settings, session, question, data, due);
    }
  };
  return run().pipe(
    Effect.catch((error) => failureReply(settings.signedIn, session, question, data, error)),
  );
};

/** Answers questions, with the services bound. */
export interface Answerer {
  readonly ask: SessionHost["ask"];
  /** Calls off the work on answers that are due, at a time by `performance.now()`. To be called every second or so. */
  readonly expire: (now: number) => void;
}

export const makeAnswerer = (
  settings: AnswerSettings,
  services: Context.Context<AnswerServices>,
): Answerer => {
  const runFork = Effect.runForkWith(services);
  const withinMs = Duration.toMillis(settings.within);
  const { load } = settings;
  /** Answers under way, with the time when they are due: one timer for all of them. */
  const pending = new Bag<Due>();
  const ask: SessionHost["ask"] = (session, question, data, answered): void => {
    if (data !== null) load.enter();
    const done = (a: Answer | null): void => {
      if (data !== null) load.leave();
      answered(a);
    };
    const answering = new Due(withinMs);
    const effect = answer(settings, session, question, data, answering);
    const fiber = runFork(effect);
    const finished = (exit: Exit.Exit<Answer>): void => {
      if (Exit.isSuccess(exit)) return done(exit.value);
      data?.body.discard();
      if (Cause.hasInterruptsOnly(exit.cause)) return done(just(say.LOCAL_ERROR));
      runFork(
        Effect.logError("a bug ended this session", { session: session.id, cause: exit.cause }),
      );
      done(null);
    };
    const now = fiber.pollUnsafe();
    if (now !== undefined) return finished(now);
    answering.begun(fiber);
    pending.add(answering);
    fiber.addObserver((exit) => {
      pending.delete(answering);
      finished(exit);
    });
  };
  const expire = (now: number): void => {
    for (const due of pending) due.expire(now);
  };
  return { ask, expire };
};
