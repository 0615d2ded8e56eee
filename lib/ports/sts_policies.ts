/** MTA-STS policies of recipient domains. RFC 8461 */
import { Context, Effect } from "effect";

/** RFC 8461 §3.2 */
export interface StsPolicy {
  readonly mode: "enforce" | "testing" | "none";
  /** Lower-case A-labels; `*.` matches exactly one label. */
  readonly mx: ReadonlyArray<string>;
  readonly maxAgeSeconds: number;
}

/** Null where a domain has no policy, or none is looked for. The default knows none. */
export class StsPolicies extends Context.Reference<{
  /** `anew`: the record is looked at again although it was a moment ago. RFC 8461 §5.1 */
  readonly find: (domain: string, anew?: boolean) => Effect.Effect<StsPolicy | null>;
}>("postern/StsPolicies", { defaultValue: () => ({ find: () => Effect.succeed(null) }) }) {}
