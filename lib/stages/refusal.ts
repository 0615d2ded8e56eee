/** The refusal of a stage. */
import { Data } from "effect";
import { type Reply, summary } from "../reply/reply.ts";
import type { Facts, StageName, Trail } from "./trail.ts";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

const RefusalBase: TaggedErrorClass<"Refusal"> = Data.TaggedError("Refusal");

/** The client's to fix. `trail` goes up to and includes the decision that refused. */
export class Refusal extends RefusalBase<{
  readonly reply: Reply;
  readonly trail: Trail;
  /** Under which it is remembered; absent: any, since nobody has heard of it yet. */
  readonly id?: string;
}> {
  /** For logs that print errors. */
  override get message(): string {
    return summary(this.reply);
  }
}

/** Ends `trail` with a refusal on `rule`. */
export const refusal = (
  trail: Trail,
  stage: StageName,
  rule: string,
  reply: Reply,
  facts: Facts = {},
): Refusal =>
  new Refusal({
    reply,
    trail: [
      ...trail,
      { stage, verdict: "refused", rule, facts: { ...facts, reply: summary(reply) } },
    ],
  });
