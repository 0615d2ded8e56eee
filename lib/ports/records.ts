/** Records of submissions for later questions: why one was refused, what another policy would do. */
import { Context, Data, Effect, Layer } from "effect";
import type { Envelope } from "../envelope/envelope.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { BodyFacts } from "../message/mime/body.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

/** All that the stages decided on, without the body. */
export interface SubmissionRecord {
  /** In the reply, and of the message where it was accepted. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly account: string | null;
  readonly credential: string | null;
  /** One line. */
  readonly reply: string;
  readonly session: SessionFacts;
  /** Null where MAIL or RCPT was refused. */
  readonly message: RecordedMessage | null;
  /** JSON of the trail. */
  readonly trail: string;
}

export interface RecordedMessage {
  readonly envelope: Envelope;
  /** As it came; one char per octet. */
  readonly head: string;
  readonly hasBody: boolean;
  readonly body: BodyFacts;
}

const RecordsFaultBase: TaggedErrorClass<"RecordsFault"> = Data.TaggedError("RecordsFault");

/** Records cannot be read or written; no submission fails because of it. */
export class RecordsFault extends RecordsFaultBase<{ readonly cause: unknown }> {}

export interface RecordsService {
  /** What is kept. */
  readonly keeps: { readonly refusals: boolean; readonly accepted: boolean };
  /** Returns at once; written soon. */
  readonly keep: (r: SubmissionRecord) => void;
  readonly find: (id: string) => Effect.Effect<SubmissionRecord | null, RecordsFault>;
  /** Messages since then, oldest first. */
  readonly since: (at: number) => Effect.Effect<ReadonlyArray<SubmissionRecord>, RecordsFault>;
}

const RecordsBase: Context.ServiceClass<Records, "postern/Records", RecordsService> = Context
  .Service<Records, RecordsService>()("postern/Records");

/** The key under which an Effect asks for {@link RecordsService}. */
export class Records extends RecordsBase {}

/** Remembers nothing. */
export const noRecords: Layer.Layer<Records> = Layer.succeed(Records, {
  keeps: { refusals: false, accepted: false },
  keep: () => {},
  find: () => Effect.succeed(null),
  since: () => Effect.succeed([]),
});
