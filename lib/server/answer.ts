/**
 * Answers the questions of a session by running the stages: one Effect a question.
 *
 * Refusals carry their reply; faults of ours become 451 and a log line under the session's id; a bug
 * ends that one session. RFC 5321 §4.2.5, RFC 6409 §5.3
 */
import { Cause, Clock, type Context, Duration, Effect, Exit } from "effect";
import { printMailboxAscii } from "../address/mailbox.ts";
import type { SessionFacts } from "../envelope/session.ts";
import { Accounts } from "../ports/accounts.ts";
import { Ids } from "../ports/ids.ts";
import { LoginThrottle } from "../ports/login_throttle.ts";
import { hopKey } from "../ports/routes.ts";
import { Spool, type SpoolError } from "../ports/spool.ts";
import * as say from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import type { Question } from "../smtp/server/state.ts";
import { checkLogin } from "../stages/authenticate.ts";
import { enforceRecipient, enforceReturnPath } from "../stages/enforce_rights.ts";
import { pipeline, type PipelineServices } from "../stages/pipeline.ts";
import { checkRecipient } from "../stages/resolve_mta.ts";
import type { Received, Signed } from "../stages/submission.ts";
import type { Answer, ReceivedData } from "./connection.ts";
import type { Quota } from "./quota.ts";
import type { SignedIn } from "./signed_in.ts";
import { trailRecord } from "./trail_record.ts";

export interface AnswerSettings {
  readonly hostname: string;
  /** A reply is due within this time. RFC 6409 §5.3 */
  readonly within: Duration.Duration;
  readonly quota: Quota;
  readonly signedIn: SignedIn;
  /** Told of every message that was accepted and kept. */
  readonly onAccepted: ((submission: Signed) => void) | null;
}

export type AnswerServices = PipelineServices | LoginThrottle | Spool;

const just = (reply: Reply): Answer => ({ reply, account: null });

const login = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Login" },
) {
  const throttle = yield* LoginThrottle;
  const { authcid } = question.login;
  const gate = yield* throttle.admit(session.clientAddress, authcid);
  if (gate._tag === "Locked") return just(say.AUTH_LATER);
  if (Duration.toMillis(gate.delay) > 0) yield* Effect.sleep(gate.delay);
  return yield* checkLogin(question.login).pipe(
    Effect.matchEffect({
      onSuccess: ({ account, credential }) =>
        Effect.as(
          throttle.succeeded(session.clientAddress, authcid),
          settings.signedIn.enter(session.id, account.id, credential)
            ? { reply: say.AUTHENTICATED, account: account.id }
            : just(say.AUTH_LATER),
        ),
      onFailure: (refusal) =>
        refusal.reply === say.BAD_CREDENTIALS
          ? Effect.as(throttle.failed(session.clientAddress, authcid), just(refusal.reply))
          : Effect.succeed(just(refusal.reply)),
    }),
  );
});

const mail = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Mail" },
) {
  const account = yield* (yield* Accounts).find(question.account);
  if (account === null || account.disabled) return just(say.ACCOUNT_GONE);
  const now = yield* Clock.currentTimeMillis;
  yield* enforceReturnPath(account, question.mail.returnPath, {
    at: now,
    credential: settings.signedIn.of(session.id)?.credential ?? null,
    recipients: null,
  });
  const nullSender = question.mail.returnPath === null;
  return just(
    settings.quota.allows(account.id, nullSender, 1, now) ? say.SENDER_OK : say.RATE_LIMITED,
  );
});

const recipient = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Recipient" },
) {
  const login = settings.signedIn.of(session.id);
  const account = login === null ? null : yield* (yield* Accounts).find(login.account);
  if (account === null) return just(say.ACCOUNT_GONE);
  yield* enforceRecipient(account, question.mailbox);
  yield* checkRecipient(question.mailbox);
  return just(say.RECIPIENT_OK);
});

const submit = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Submit" },
  data: ReceivedData,
) {
  if (data.fault !== null) return yield* Effect.fail(data.fault);
  const { reader } = data;
  const { account, envelope } = question;
  const nullSender = envelope.returnPath === null;
  const count = envelope.recipients.length;
  const receivedAt = yield* Clock.currentTimeMillis;
  if (!settings.quota.allows(account, nullSender, count, receivedAt)) {
    data.body.discard();
    return just(say.RATE_LIMITED);
  }
  const received: Received = {
    _tag: "Received",
    id: (yield* Ids).queueId(),
    receivedAt,
    session,
    hostname: settings.hostname,
    login: account,
    credential: settings.signedIn.of(session.id)?.credential ?? null,
    envelope,
    head: reader.head(),
    hasBody: reader.hasBody,
    body: { ...reader.facts(), relaxedHash: data.digest?.end() ?? null },
    trail: [],
  };
  const signed = yield* pipeline(received);
  yield* (yield* Spool).commit({
    id: signed.id,
    acceptedAt: signed.receivedAt,
    account: signed.account.id,
    session,
    envelope: signed.envelope,
    recipients: signed.routed.map(({ mailbox, route }) => ({
      address: printMailboxAscii(mailbox),
      hop: hopKey(route.hop),
    })),
    head: signed.leaving,
    body: data.body,
    eightBit: signed.body.eightBit,
    trail: trailRecord(signed.trail),
  });
  settings.quota.count(account, nullSender, count, receivedAt);
  settings.onAccepted?.(signed);
  return just(say.queued(signed.id));
});

/** Turns whatever went wrong into the reply that the client gets. */
const replyTo = (
  session: SessionFacts,
  error: { readonly _tag: string; readonly reply?: Reply },
): Effect.Effect<Answer> => {
  if (error.reply !== undefined) return Effect.succeed(just(error.reply));
  const reply = error._tag === "SpoolFull" ? say.NO_SPACE : say.LOCAL_ERROR;
  return Effect.as(
    Effect.logError("submission not accepted: a fault of ours", {
      session: session.id,
      fault: error,
    }),
    just(reply),
  );
};

const answer = (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
): Effect.Effect<Answer, never, AnswerServices> => {
  const run = (): Effect.Effect<
    Answer,
    { readonly _tag: string; readonly reply?: Reply } | SpoolError,
    AnswerServices
  > => {
    switch (question._tag) {
      case "Login":
        return login(settings, session, question);
      case "Mail":
        return mail(settings, session, question);
      case "Recipient":
        return recipient(settings, session, question);
      case "Submit":
        return data === null
          ? Effect.die(new Error("no data"))
          : submit(settings, session, question, data);
    }
  };
  return run().pipe(Effect.catch((error) => replyTo(session, error)));
};

/** The function that sessions ask, with the services bound. */
export const makeAsk = (settings: AnswerSettings, services: Context.Context<AnswerServices>) => {
  const runFork = Effect.runForkWith(services);
  return (
    session: SessionFacts,
    question: Question,
    data: ReceivedData | null,
    done: (answer: Answer | null) => void,
  ): void => {
    const effect = answer(settings, session, question, data);
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
    // what is answered at once needs no timer
    const now = fiber.pollUnsafe();
    if (now !== undefined) return finished(now);
    const timer = setTimeout(() => fiber.interruptUnsafe(), Duration.toMillis(settings.within));
    fiber.addObserver((exit) => {
      clearTimeout(timer);
      finished(exit);
    });
  };
};
