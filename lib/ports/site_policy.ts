/** The service by which a site's own TypeScript file judges submissions. */
import { Context, Data, type Effect, Layer } from "effect";
import type { SiteDecision, SubmissionFacts } from "./site_facts.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

const SitePolicyFaultBase: TaggedErrorClass<"SitePolicyFault"> = Data.TaggedError(
  "SitePolicyFault",
);

/** It threw, took too long, or answered something that is no decision. */
export class SitePolicyFault extends SitePolicyFaultBase<{
  readonly problem: string;
}> {
  override get message(): string {
    return this.problem;
  }
}

/** Asks the policy of the site about a submission. */
export interface SitePolicyService {
  readonly decide: (submission: SubmissionFacts) => Effect.Effect<SiteDecision, SitePolicyFault>;
  /** What becomes of a message that the policy could not judge. */
  readonly onFault: "accept" | "refuse";
}

const SitePolicyBase: Context.ServiceClass<
  SitePolicy,
  "postern/SitePolicy",
  SitePolicyService | null
> = Context.Service<
  SitePolicy,
  SitePolicyService | null
>()("postern/SitePolicy");

/** Null: the site has none, and nothing is done for it. */
export class SitePolicy extends SitePolicyBase {}

/** Of a site that has none. */
export const noSitePolicy: Layer.Layer<SitePolicy> = Layer.succeed(SitePolicy, null);
