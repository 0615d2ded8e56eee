/**
 * The reply to a failed question: a refusal carries its reply, and is recorded if the site wants that; an internal
 * fault becomes 451 and a log line. RFC 5321 §4.2.5
 */
import { Clock, Effect } from "effect";
import type { SessionFacts } from "../../envelope/session.ts";
import { Ids } from "../../ports/ids.ts";
import { Records } from "../../ports/records.ts";
import * as say from "../../reply/catalog.ts";
import { type Reply, saying, summary } from "../../reply/reply.ts";
import type { Question } from "../../smtp/server/state.ts";
import type { Trail } from "../../stages/trail.ts";
import { type Answer, just, type ReceivedData } from "../session/session_host.ts";
import type { SignedIn } from "../session/signed_in.ts";
import { recordOf } from "../session/submission_record.ts";
import { trailRecord } from "../../stages/stored_trail.ts";

/** Anything that can go wrong; a refusal of ours where it has a reply. */
export interface Refused {
  readonly _tag: string;
  readonly reply?: Reply;
  readonly trail?: Trail;
  readonly id?: string;
}

/** Turns whatever went wrong into the reply that the client gets. */
export const failureReply = (
  signedIn: SignedIn,
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
      : Effect.map(remember(signedIn, session, question, data, refused, trail, id), just);
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

/** Keeps why it was refused, where the site wants that; the reply then names the record. */
const remember = Effect.fnUntraced(function* (
  signedIn: SignedIn,
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
    ...recordOf(signedIn, session, question, data),
    id,
    at: yield* Clock.currentTimeMillis,
    reply: summary(refused),
    trail: trailRecord(trail),
  });
  // the owner quotes it to the operator: `postern trace ID`
  return saying(refused, `Trace id ${id}`);
});
