/**
 * Answers the end of data: the message runs through the stages, and is committed or passed through before the
 * client gets its 250. RFC 5321 §4.1.1.4, RFC 6409 §5.3
 */
import { Clock, Effect } from "effect";
import type { SessionFacts } from "../../envelope/session.ts";
import { Correspondents } from "../../ports/correspondents.ts";
import { Holds } from "../../ports/holds.ts";
import { Ids } from "../../ports/ids.ts";
import { Records } from "../../ports/records.ts";
import { Signer } from "../../ports/signer.ts";
import { Spool } from "../../ports/spool.ts";
import * as say from "../../reply/catalog.ts";
import { type Reply, summary } from "../../reply/reply.ts";
import type { Question } from "../../smtp/server/state.ts";
import { holdQuestion } from "../../stages/consider_hold.ts";
import { pipeline } from "../../stages/pipeline.ts";
import type { Received, Signed } from "../../stages/submission.ts";
import { tellAccepted } from "./accepted_log.ts";
import { afterwards } from "./afterwards.ts";
import type { AnswerSettings } from "./answer_settings.ts";
import type { Due } from "./due.ts";
import { tellExpanded } from "./expansion_report.ts";
import { RewritableBody } from "./rewritable_body.ts";
import { commitSubmission } from "./commit_submission.ts";
import { submitPassThrough, type Taken } from "./pass_through_submit.ts";
import { just, type ReceivedData } from "../session/session_host.ts";
import { recordOf } from "../session/submission_record.ts";
import { throttled, withinQuota } from "../limits/throttled.ts";
import { trailRecord } from "../../stages/stored_trail.ts";

/** What one end of data is about. */
interface Submission {
  readonly settings: AnswerSettings;
  readonly session: SessionFacts;
  readonly question: Question & { readonly _tag: "Submit" };
  readonly data: ReceivedData;
  readonly due: Due;
  /** When the message was complete, ms. */
  readonly at: number;
}

/** It goes no further than this, and this is the reply. */
interface Ended {
  readonly _tag: "Ended";
  readonly reply: Reply;
}

/** Admitted, judged, taken, noted, in this order; its body is given up unless a commit or a next hop has it. */
export const submit = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Submit" },
  data: ReceivedData,
  due: Due,
) {
  if (data.fault !== null) return yield* Effect.fail(data.fault);
  const s: Submission = {
    settings,
    session,
    question,
    data,
    due,
    at: yield* Clock.currentTimeMillis,
  };
  if (!admit(s)) return just(dropped(s, say.RATE_LIMITED).reply);
  const facts = { ...data.reader.facts(), relaxedHash: data.digest?.end() ?? null };
  const { stage } = yield* Spool;
  const { digest } = yield* Signer;
  const body = new RewritableBody(data.body, stage, digest, facts.validUtf8);
  return yield* Effect.ensuring(
    judgedAndTaken(s, facts, body),
    Effect.sync(() => body.discard()),
  );
});

const judgedAndTaken = Effect.fnUntraced(function* (
  s: Submission,
  facts: Received["body"],
  body: RewritableBody,
) {
  const judged = yield* judge(s, facts, body);
  if (judged._tag === "Ended") return just(judged.reply);
  const taken = yield* take(s, judged, body);
  if (taken._tag === "Ended") return just(taken.reply);
  // it is taken: not even a bug behind this makes anything else of the reply
  yield* Effect.ignoreCause(note(s, taken), { log: "Error" });
  return just(taken.reply);
});

/** What came is not kept. */
const dropped = ({ data }: Submission, reply: Reply): Ended => {
  data.body.discard();
  return { _tag: "Ended", reply };
};

/** Whether the account's quota has room for it. */
const admit = ({ settings, question, at }: Submission): boolean => {
  const { account, envelope } = question;
  const nullSender = envelope.returnPath === null;
  return withinQuota(settings.quota, account, nullSender, envelope.recipients.length, at);
};

/** Through the stages; what a filter discards, or goes to too many for the first time, ends here. */
const judge = Effect.fnUntraced(function* (
  s: Submission,
  facts: Received["body"],
  body: RewritableBody,
) {
  const { settings, session, question: { account, envelope }, data: { reader } } = s;
  const signed = yield* pipeline({
    _tag: "Received",
    id: (yield* Ids).queueId(),
    receivedAt: s.at,
    session,
    hostname: settings.hostname,
    login: account,
    credential: settings.signedIn.of(session.id)?.credential ?? null,
    envelope,
    head: reader.head(),
    hasBody: reader.hasBody,
    body: facts,
    stored: body,
    trail: [],
  });
  const { newRecipientsPerDay } = settings;
  if (newRecipientsPerDay > 0 && !(yield* newcomersAllowed(newRecipientsPerDay, signed))) {
    return dropped(s, say.TOO_MANY_NEW_RECIPIENTS);
  }
  if (signed.discard !== true) return signed;
  yield* Effect.logInfo("a filter discarded a message", {
    id: signed.id,
    session: session.id,
    login: account,
  });
  return dropped(s, say.queued(signed.id));
});

/** Accepted, for certain. */
interface Accepted {
  readonly _tag: "Accepted";
  readonly signed: Signed;
  readonly reply: Reply;
  /** Null: it was committed. */
  readonly passed: Taken | null;
}

/** By its next hop where it passes through, else by the spool; nothing behind it can be called off. */
const take = Effect.fnUntraced(function* (
  s: Submission,
  judged: Signed,
  body: RewritableBody,
) {
  const { settings, question: { account, envelope }, due } = s;
  let signed = judged;
  let passed: Taken | null = null;
  if (signed.passThrough !== undefined) {
    const on = yield* handOver(settings, s.session, signed, body, due);
    signed = on.signed;
    if (on._tag === "Taken") passed = on;
  }
  if (passed === null) {
    const committed = yield* commitSubmission(signed, body.current, due.committing());
    if (committed._tag === "Known") {
      yield* Effect.logInfo("submitted once more: the first one stands", {
        id: committed.id,
        session: s.session.id,
        login: signed.account.id,
      });
      return { _tag: "Ended", reply: say.queued(committed.id) } satisfies Ended;
    }
    body.committed();
  }
  due.never();
  settings.quota.count(account, envelope.returnPath === null, envelope.recipients.length, s.at);
  const reply = passed?.reply ?? say.queued(signed.id);
  return { _tag: "Accepted", signed, reply, passed } satisfies Accepted;
});

/** What follows an acceptance. */
const note = (s: Submission, { signed, reply, passed }: Accepted) => {
  const { settings } = s;
  const record = Effect.map(Records, (records) => {
    settings.onAccepted?.(signed);
    if (!records.keeps.accepted) return;
    records.keep({
      ...recordOf(settings.signedIn, s.session, s.question, s.data),
      id: signed.id,
      at: s.at,
      reply: summary(reply),
      trail: trailRecord(signed.trail),
    });
  });
  return Effect.all([
    Effect.suspend(() => tellAccepted(signed, passed !== null)),
    remembered(signed),
    tellExpanded(signed),
    passed === null ? Effect.void : notePassed(settings, signed, passed),
    record,
  ], { discard: true });
};

/** To its next hop, which has limits of time of its own and is no work of ours meanwhile. */
const handOver = (
  { signedIn, load }: AnswerSettings,
  session: SessionFacts,
  signed: Signed,
  body: RewritableBody,
  due: Due,
) =>
  Effect.suspend(() => {
    due.never();
    load.leave();
    return submitPassThrough(signed, body.current, signedIn.of(session.id)?.login ?? null);
  }).pipe(
    Effect.tap((on) =>
      Effect.sync(() => {
        // what the hop has taken no time takes back
        if (on._tag === "Taken") body.discard();
        else due.again();
      })
    ),
    Effect.ensuring(Effect.sync(() => load.enter())),
  );

const notePassed = ({ onPassed }: AnswerSettings, signed: Signed, { by }: Taken) =>
  onPassed === null ? Effect.void : afterwards(onPassed(signed, by));

/** Whether the account stays within the limit of first-time recipients. */
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

/** What later holds are judged by. */
const remembered = (signed: Signed) =>
  Effect.flatMap(Holds, (holds) => {
    if (holds === null) return Effect.void;
    const rules = new Set(signed.trail.filter((d) => d.verdict === "held").map((d) => d.rule));
    return afterwards(holds.note(holdQuestion(signed), rules));
  });
