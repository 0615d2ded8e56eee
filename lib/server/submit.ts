/**
 * Answers the end of data: the message runs through the stages, and is kept or handed on before the client has its
 * 250. RFC 5321 §4.1.1.4, RFC 6409 §5.3
 */
import { Clock, Duration, Effect } from "effect";
import type { SessionFacts } from "../envelope/session.ts";
import { Correspondents } from "../ports/correspondents.ts";
import { Holds } from "../ports/holds.ts";
import { Ids } from "../ports/ids.ts";
import { Records } from "../ports/records.ts";
import { Signer } from "../ports/signer.ts";
import { type Committed, Spool } from "../ports/spool.ts";
import * as say from "../reply/catalog.ts";
import { summary } from "../reply/reply.ts";
import type { Question } from "../smtp/server/state.ts";
import { holdQuestion } from "../stages/consider_hold.ts";
import { pipeline } from "../stages/pipeline.ts";
import type { Received, Signed } from "../stages/submission.ts";
import { tellAccepted } from "./accepted_log.ts";
import type { AnswerSettings } from "./answer_settings.ts";
import { tellExpanded } from "./expansion_report.ts";
import { HeldBody } from "./held_body.ts";
import { keep } from "./keep.ts";
import { passOn, type Taken } from "./pass_on.ts";
import { just, type ReceivedData } from "./session_host.ts";
import { recordOf } from "./submission_record.ts";
import { throttled, withinQuota } from "./throttled.ts";
import { trailRecord } from "./trail_record.ts";

/** When the answer is due, by `performance.now()`; 0: not known yet. */
export interface Due {
  at: number;
}

const NOTED_WITHIN = Duration.seconds(5);

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
  const kept = taken === null ? keep(signed, held.current) : NOT_KEPT;
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
  settings.quota.count(account, nullSender, count, receivedAt);
  yield* remembered(signed);
  yield* tellExpanded(signed);
  if (taken !== null) yield* notePassed(settings, signed, taken, due);
  yield* tellAccepted(signed, taken === null ? null : "next hop");
  settings.onAccepted?.(signed);
  const reply = taken?.reply ?? say.queued(signed.id);
  const records = yield* Records;
  if (records.keeps.accepted) {
    records.keep({
      ...recordOf(settings.signedIn, session, question, data),
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
  due: Due,
) =>
  Effect.suspend(() => {
    due.at = Infinity;
    load.leave();
    return passOn(signed, held.current, signedIn.of(session.id)?.login ?? null);
  }).pipe(
    Effect.tap((on) => Effect.sync(() => on._tag === "Taken" ? held.discard() : undefined)),
    Effect.onError(() => Effect.sync(() => held.discard())),
    Effect.ensuring(Effect.sync(() => {
      load.enter();
      due.at = performance.now() + Duration.toMillis(within);
    })),
  );

/** It is taken: neither a fault nor a slow disk may make anything else of the reply. */
const notePassed = ({ onPassed }: AnswerSettings, signed: Signed, { by }: Taken, due: Due) => {
  if (onPassed === null) return Effect.void;
  due.at = Infinity;
  return Effect.ignore(Effect.timeout(onPassed(signed, by), NOTED_WITHIN), { log: "Error" });
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

/** What later holds are judged by. It is accepted already: a fault here is only told. */
const remembered = (signed: Signed) =>
  Effect.flatMap(Holds, (holds) => {
    if (holds === null) return Effect.void;
    const rules = new Set(signed.trail.filter((d) => d.verdict === "held").map((d) => d.rule));
    return Effect.ignore(holds.note(holdQuestion(signed), rules), { log: "Error" });
  });
