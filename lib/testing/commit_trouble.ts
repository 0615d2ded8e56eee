/** What comes between a commit and its outcome, on every store behind `Spool`. */
import { Context, type Effect } from "effect";

export const TROUBLES = ["waits", "slow", "fails at its first row", "fails at its end"] as const;
/** `waits`: none begins before it is over. `slow`: each takes `SLOW_MS` and more once begun. */
export type Trouble = typeof TROUBLES[number];

export const SLOW_MS = 500;

/** Begins; what is returned ends it. */
export interface CommitTroubleService {
  readonly begin: (t: Trouble) => Effect.Effect<Effect.Effect<void>>;
}

const CommitTroubleBase: Context.ServiceClass<
  CommitTrouble,
  "postern/test/CommitTrouble",
  CommitTroubleService
> = Context.Service<CommitTrouble, CommitTroubleService>()("postern/test/CommitTrouble");

/** The key under which an Effect asks for {@link CommitTroubleService}. */
export class CommitTrouble extends CommitTroubleBase {}
