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
import { type Committed, Spool } from "../../ports/spool.ts";
import * as say from "../../reply/catalog.ts";
import { summary } from "../../reply/reply.ts";
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
import { trailRecord } from "../../stages/trail_record/trail_record.ts";

/** The next hop has it. */
const NOT_KEPT = Effect.succeed<Committed>({ _tag: "Kept" });

export const submit = Effect.fnUntraced(function* (
  settings: AnswerSettings,
  session: SessionFacts,
  question: Question & { readonly _tag: "Submit" },
  data: ReceivedData,
  due: Due,
) {
  if (data.fault !== null) return yield* Effect.fail(data.fault);
  const { reader } = data;
  const { account, envelope } = question;
  const nullSender = envelope.returnPath === null;
  const count = envelope.recipients.length;
  const receivedAt = yield* Clock.currentTimeMillis;
  if (!withinQuota(settings.quota, account, nullSender, count, receivedAt)) {
    data.body.discard();
    return just(say.RATE_LIMITED);
  }
  const spool = yield* Spool;
  const facts = { ...reader.facts(), relaxedHash: data.digest?.end() ?? null };
  const { digest } = yield* Signer;
  const held = new RewritableBody(data.body, spool.stage, digest, facts.validUtf8);
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
    yield* Effect.logInfo("a filter discarded a message", {
      id: signed.id,
      session: session.id,
      login: account,
    });
    return just(say.queued(signed.id));
  }
  let taken: Taken | null = null;
  if (signed.passThrough !== undefined) {
    const on = yield* handOver(settings, session, signed, held, due);
    signed = on.signed;
    if (on._tag === "Taken") taken = on;
  }
  const kept = taken === null ? commitSubmission(signed, held.current, due.committing()) : NOT_KEPT;
  const committed = yield* Effect.onError(kept, () => Effect.sync(() => held.discard()));
  if (committed._tag === "Known") {
    held.discard();
    yield* Effect.logInfo("submitted once more: the first one stands", {
      id: committed.id,
      session: session.id,
      login: signed.account.id,
    });
    return just(say.queued(committed.id));
  }
  due.never();
  settings.quota.count(account, nullSender, count, receivedAt);
  const reply = taken?.reply ?? say.queued(signed.id);
  const record = Effect.map(Records, (records) => {
    settings.onAccepted?.(signed);
    if (!records.keeps.accepted) return;
    records.keep({
      ...recordOf(settings.signedIn, session, question, data),
      id: signed.id,
      at: receivedAt,
      reply: summary(reply),
      trail: trailRecord(signed.trail),
    });
  });
  // it is taken: not even a bug behind this makes anything else of the reply
  yield* Effect.ignoreCause(
    Effect.all([
      Effect.suspend(() => tellAccepted(signed, taken !== null)),
      remembered(signed),
      tellExpanded(signed),
      taken === null ? Effect.void : notePassed(settings, signed, taken),
      record,
    ], { discard: true }),
    { log: "Error" },
  );
  return just(reply);
});

/** To its next hop, which has limits of time of its own and is no work of ours meanwhile. */
const handOver = (
  { signedIn, load }: AnswerSettings,
  session: SessionFacts,
  signed: Signed,
  held: RewritableBody,
  due: Due,
) =>
  Effect.suspend(() => {
    due.never();
    load.leave();
    return submitPassThrough(signed, held.current, signedIn.of(session.id)?.login ?? null);
  }).pipe(
    Effect.tap((on) =>
      Effect.sync(() => {
        // what the hop has taken no time takes back
        if (on._tag === "Taken") held.discard();
        else due.again();
      })
    ),
    Effect.onError(() => Effect.sync(() => held.discard())),
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
