/** MTA-STS policies of recipient domains. RFC 8461 */
import { Context, Effect, Layer } from "effect";

/** RFC 8461 §3.2 */
export interface StsPolicy {
  readonly mode: "enforce" | "testing" | "none";
  /** Lower-case A-labels; `*.` matches exactly one label. */
  readonly mx: ReadonlyArray<string>;
  readonly maxAgeSeconds: number;
}

/** Finds the policy of a domain; null: it has none that counts. RFC 8461 §5 */
export interface StsPoliciesService {
  /** `anew`: the record is looked at again although it was a moment ago. RFC 8461 §5.1 */
  readonly find: (domain: string, anew?: boolean) => Effect.Effect<StsPolicy | null>;
}

const StsPoliciesBase: Context.ServiceClass<
  StsPolicies,
  "postern/StsPolicies",
  StsPoliciesService
> = Context.Service<
  StsPolicies,
  StsPoliciesService
>()("postern/StsPolicies");

/** Null where a domain has no policy, or none is looked for. */
export class StsPolicies extends StsPoliciesBase {}

/** Knows of none, and looks for none. */
export const noStsPolicies: Layer.Layer<StsPolicies> = Layer.succeed(StsPolicies, {
  find: () => Effect.succeed(null),
});
