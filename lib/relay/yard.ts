/** What the lanes of a relay share. */
import type { Present } from "../message/present.ts";
import type { Job } from "./job.ts";
import type { Result } from "./outcome.ts";
import type { Pool } from "./pool.ts";
import type { RelaySettings } from "./settings.ts";
import type { SentAhead } from "./ahead.ts";
import type { SilentHosts } from "./silent_hosts.ts";
import type { Watch } from "./watch.ts";

export interface Yard {
  readonly settings: RelaySettings;
  readonly pool: Pool;
  readonly watch: Watch;
  /** Hosts that did not answer of late. */
  readonly silent: SilentHosts;
  /** Hosts that take commands behind the content. */
  readonly ahead: SentAhead;
  /** Jobs that a lane has in hand. */
  readonly inHand: Present<Job>;
  /** An operator has held, removed or sent elsewhere one of its recipients meanwhile. */
  readonly calledBack: (job: Job) => boolean;
  /** Without the recipients that an operator has held, removed or sent elsewhere meanwhile; null: nobody is left. */
  readonly stillOurs: (job: Job) => Job | null;
  /** Records results, in the background. Each job is finished exactly once. */
  readonly finish: (job: Job, results: ReadonlyArray<Result>) => void;
  /** Records the results of some recipients of a job that goes on. */
  readonly finishPart: (job: Job, results: ReadonlyArray<Result>) => void;
}
