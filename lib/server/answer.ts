/**
 * Answers the questions of a session by running the stages: one Effect a question.
 *
 * Refusals carry their reply; faults of ours become 451 and a log line under the session's id; a bug
 * ends that one session. RFC 5321 §4.2.5, RFC 6409 §5.3
 */
import { Cause, Clock, type Context, Duration, Effect, Exit, type Fiber } from "effect";
import { printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import type { SessionFacts } from "../envelope/session.ts";
import { Present } from "../message/present.ts";
import { Accounts } from "../ports/accounts.ts";
import { Correspondents } from "../ports/correspondents.ts";
import { Holds } from "../ports/holds.ts";
import { Ids } from "../ports/ids.ts";
import type { LoginThrottle } from "../ports/login_throttle.ts";
import { hopKey } from "../ports/routes.ts";
import { Records, type SubmissionRecord } from "../ports/records.ts";
import { Signer } from "../ports/signer.ts";
import {
  type Committed,
  type Hold,
  type NewMessage,
  Spool,
  type SpoolError,
} from "../ports/spool.ts";
import type { Tokens } from "../ports/tokens.ts";
import * as say from "../reply/catalog.ts";
import { type Reply, saying, summary } from "../reply/reply.ts";
import type { Question } from "../smtp/server/state.ts";
import { admitTogether } from "../stages/admit_together.ts";
import { admitRecipient } from "../stages/admit_recipient.ts";
import { holdQuestion } from "../stages/consider_hold.ts";
import { enforceReturnPath } from "../stages/enforce_rights.ts";
import { pipeline, type PipelineServices } from "../stages/pipeline.ts";
import { factsAtRcpt } from "../stages/resolve_mta.ts";
import type { Received, Signed } from "../stages/submission.ts";
import type { Trail } from "../stages/trail.ts";
import { answerKeys, answerLogin } from "./answer_login.ts";
import type { ClientLog } from "./client_log.ts";
import { type Answer, just, type ReceivedData, type SessionHost } from "./connection.ts";
import { HeldBody } from "./held_body.ts";
import { tellExpanded } from "./expansion_report.ts";
import { holdNotice } from "./hold_notice.ts";
import type { Load } from "./load.ts";
import type { Quota } from "./quota.ts";
import type { SignedIn } from "./signed_in.ts";
import { keepNote } from "./own_note.ts";
import { passOn, type Taken, type TakenBy } from "./pass_on.ts";
import { throttled } from "./throttled.ts";
import { trailRecord } from "./trail_record.ts";

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
  readonly clientLog: ClientLog;
  readonly load: Load;
  /** Some route passes messages through and keeps none. */
  readonly withoutQueue: boolean;
  /** Told of every message that was accepted; `by`: the next hop that took it, where the spool does not have it. */
  readonly onAccepted: ((submission: Signed, by: TakenBy | null) => void) | null;
}

/** When an answer is due, by `performance.now()`; 0: not known yet. */
interface Deadline {
  due: number;
  fiber?: Fiber.Fiber<Answer>;
}

export type AnswerServices =
  | PipelineServices
  | LoginThrottle
  | Spool
  | Records
  | Tokens
  | Correspondents;

/** Whether the account may send that much more now; where not, that is counted. */
const within = (quota: Quota, ...message: Parameters<Quota["exceeded"]>): boolean => {
  const limit = quota.exceeded(...message);
  if (limit !== null) throttled(limit);
  return limit === null;
};

/** Whether the account has not written to too many for the first time of late. */
const newcomersAllowed = Effect.fnUntraced(function* (mostNew: number, s: Signed) {
  const recipients = s.envelope.recipients.map((r) => r.mailbox);
  const allowed = yield* (yield* Correspondents).admit(
    s.account.id,
    recipients,
    mostNew,
    s.receivedAt,
  );
  if (!allowed) throttled("new_recipients_per_day");
  return allowed;
});

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
  return within(settings.quota, account.id, nullSender, 1, now)
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

/** Commits it; where it is held for its owner to decide, they get a note once it is safe. */
const keep = (signed: Signed, message: NewMessage) => {
  const { hold } = signed;
  if (hold === undefined) return Effect.flatMap(Spool, (spool) => spool.commit(message));
  return Effect.gen(function* () {
    const token = hold.notify ? `hold-${(yield* Ids).messageIdLeft()}` : null;
    const committed = yield* (yield* Spool).commit({ ...message, hold: { ...hold, token } });
    // of what was submitted once more they were told the first time
    if (token !== null && committed._tag === "Kept") yield* tellOwner(signed, hold, token);
    return committed;
  });
};

const tellOwner = (signed: Signed, hold: Hold, token: string) =>
  keepNote(
    holdNotice(signed, hold, token),
    "the owner of a held message is not told",
    signed.id,
  );

/** What later holds are judged by. It is accepted already: a fault here is only told. */
const remembered = (signed: Signed) =>
  Effect.flatMap(Holds, (holds) => {
    if (holds === null) return Effect.void;
    const rules = new Set(signed.trail.filter((d) => d.verdict === "held").map((d) => d.rule));
    return Effect.ignore(holds.note(holdQuestion(signed), rules), { log: "Error" });
  });

/** The next hop has it. */
const NOT_KEPT = Effect.succeed<Committed>({ _tag: "Kept" });

const submit = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Submit" },
  data: ReceivedData,
  deadline: Deadline,
) {
  if (data.fault !== null) return yield* Effect.fail(data.fault);
  const { reader } = data;
  const { account, envelope } = question;
  const nullSender = envelope.returnPath === null;
  const count = envelope.recipients.length;
  const receivedAt = yield* Clock.currentTimeMillis;
  if (!within(settings.quota, account, nullSender, count, receivedAt)) {
    data.body.discard();
    return just(say.RATE_LIMITED);
  }
  const spool = yield* Spool;
  const facts = { ...reader.facts(), relaxedHash: data.digest?.end() ?? null };
  const { digest } = yield* Signer;
  const held = new HeldBody(data.body, spool.stage, digest, facts.validUtf8);
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
    body: facts,
    stored: held,
    trail: [],
  };
  let signed = yield* Effect.onError(
    pipeline(received),
    () => Effect.sync(() => held.discard()),
  );
  const { newRecipientsPerDay } = settings;
  if (newRecipientsPerDay > 0 && !(yield* newcomersAllowed(newRecipientsPerDay, signed))) {
    held.discard();
    data.body.discard();
    return just(say.TOO_MANY_NEW_RECIPIENTS);
  }
  if (signed.discard === true) {
    held.discard();
    data.body.discard();
    yield* Effect.logInfo("a filter discarded a message", { submission: signed.id, account });
    return just(say.queued(signed.id));
  }
  let taken: Taken | null = null;
  if (signed.passThrough !== undefined) {
    const on = yield* handOver(settings, session, signed, held, deadline);
    signed = on.signed;
    if (on._tag === "Taken") taken = on;
  }
  const kept = taken !== null ? NOT_KEPT : keep(signed, {
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
    body: held.current,
    eightBit: signed.body.eightBit,
    trail: trailRecord(signed.trail),
    ...envelope.hold === undefined ? {} : { due: envelope.hold.until },
    ...signed.replicated === true ? { replicated: true } : {},
    ...onceOf(signed, session),
  });
  const committed = yield* Effect.onError(kept, () => Effect.sync(() => held.discard()));
  if (committed._tag === "Known") {
    held.discard();
    yield* Effect.logInfo("submitted once more: the first one stands", {
      session: session.id,
      account: signed.account.id,
      message: committed.id,
    });
    return just(say.queued(committed.id));
  }
  settings.quota.count(account, nullSender, count, receivedAt);
  yield* remembered(signed);
  yield* tellExpanded(signed);
  settings.onAccepted?.(signed, taken?.by ?? null);
  const reply = taken?.reply ?? say.queued(signed.id);
  const records = yield* Records;
  if (records.keeps.accepted) {
    records.keep({
      ...recordOf(settings, session, question, data),
      id: signed.id,
      at: receivedAt,
      reply: summary(reply),
      trail: trailRecord(signed.trail),
    });
  }
  return just(reply);
});

/** To its next hop, which has limits of time of its own and is no work of ours meanwhile. */
const handOver = (
  { signedIn, load, within }: AnswerSettings,
  session: SessionFacts,
  signed: Signed,
  held: HeldBody,
  deadline: Deadline,
) =>
  Effect.suspend(() => {
    deadline.due = Infinity;
    load.leave();
    return passOn(signed, held.current, signedIn.of(session.id)?.login ?? null);
  }).pipe(
    Effect.tap((on) => Effect.sync(() => on._tag === "Taken" ? held.discard() : undefined)),
    Effect.onError(() => Effect.sync(() => held.discard())),
    Effect.ensuring(Effect.sync(() => {
      load.enter();
      deadline.due = performance.now() + Duration.toMillis(within);
    })),
  );

/**
 * What makes it the same submission when it comes again, for a client that lost the final 250: login, envelope
 * and the Message-ID that the client gave it. Without one of its own it is a new one each time.
 */
const onceOf = (s: Signed, session: SessionFacts): Partial<Pick<NewMessage, "once">> => {
  if (s.messageId === null) return {};
  const { returnPath, recipients, hold } = s.envelope;
  const key = [
    s.account.id,
    returnPath === null ? "" : printMailbox(returnPath),
    s.messageId,
    hold === undefined ? "" : JSON.stringify(hold),
    ...recipients.map((r) => printMailbox(r.mailbox)).sort(),
  ].join("\n"); // none of them holds a line end
  return { once: { key, note: noteOf(s.receivedAt, session.id) } };
};

/** A `Decision` for the first one's trail, as JSON; written out, since hardly one of thousands is ever used. */
const noteOf = (at: number, session: string): string =>
  `{"stage":"submit","verdict":"pass","rule":"submit.repeated","facts":{"at":${at},"session":"${session}"}}`;

/** What is remembered of a question, whatever became of it. */
const recordOf = (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
): Pick<SubmissionRecord, "account" | "credential" | "session" | "message"> => {
  const login = settings.signedIn.of(session.id);
  return {
    account: login?.account ?? null,
    credential: login?.credential ?? null,
    session,
    message: question._tag !== "Submit" || data === null ? null : {
      envelope: question.envelope,
      head: data.reader.head(),
      hasBody: data.reader.hasBody,
      body: data.reader.facts(),
    },
  };
};

/** Keeps why it was refused, where the site wants that; the reply then names the record. */
const remember = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
  refused: Reply,
  trail: Trail,
  known: string | undefined,
) {
  const records = yield* Records;
  if (!records.keeps.refusals) return refused;
  const id = known ?? (yield* Ids).queueId();
  records.keep({
    ...recordOf(settings, session, question, data),
    id,
    at: yield* Clock.currentTimeMillis,
    reply: summary(refused),
    trail: trailRecord(trail),
  });
  // the owner gives it to whoever runs the server: `postern trace ID`
  return saying(refused, `Trace id ${id}`);
});

/** Anything that can go wrong; a refusal of ours where it has a reply. */
interface Refused {
  readonly _tag: string;
  readonly reply?: Reply;
  readonly trail?: Trail;
  readonly id?: string;
}

/** Turns whatever went wrong into the reply that the client gets. */
const replyTo = (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question,
  data: ReceivedData | null,
  error: Refused,
): Effect.Effect<Answer, never, Records | Ids> => {
  const { reply: refused, trail, id } = error;
  if (refused !== undefined) {
    // what may have been taken is worth remembering, if not for good
    return trail === undefined || (refused.code < 500 && refused !== say.HOP_DOUBTFUL)
      ? Effect.succeed(just(refused))
      : Effect.map(remember(settings, session, question, data, refused, trail, id), just);
  }
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
  deadline: Deadline,
): Effect.Effect<Answer, never, AnswerServices> => {
  const run = (): Effect.Effect<
    Answer,
    Refused | SpoolError,
    AnswerServices
  > => {
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
          : submit(settings, session, question, data, deadline);
    }
  };
  return run().pipe(
    Effect.catch((error) => replyTo(settings, session, question, data, error)),
  );
};

/** Answers questions, with the services bound. */
export interface Answerer {
  readonly ask: SessionHost["ask"];
  /** Ends the work on answers that are due, at a time by `performance.now()`. To be called every second or so. */
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
  const pending = new Present<Deadline>();
  const ask: SessionHost["ask"] = (session, question, data, answered): void => {
    if (data !== null) load.enter();
    const done = (a: Answer | null): void => {
      if (data !== null) load.leave();
      answered(a);
    };
    const deadline: Deadline = { due: 0 };
    const effect = answer(settings, session, question, data, deadline);
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
    if (deadline.due === 0) deadline.due = performance.now() + withinMs;
    deadline.fiber = fiber;
    pending.add(deadline);
    fiber.addObserver((exit) => {
      pending.delete(deadline);
      finished(exit);
    });
  };
  const expire = (now: number): void => {
    for (const { fiber, due } of pending) if (due <= now) fiber?.interruptUnsafe();
  };
  return { ask, expire };
};
