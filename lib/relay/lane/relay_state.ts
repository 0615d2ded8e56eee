/** What the lanes of a relay share. */
import type { Bag } from "../../message/bag.ts";
import type { Job } from "../job/job.ts";
import type { Result } from "../job/outcome.ts";
import type { Pool } from "./pool.ts";
import type { RelaySettings } from "../settings.ts";
import type { SentAhead } from "./ahead.ts";
import type { SilentHosts } from "../hosts/silent_hosts.ts";
import type { Deadlines } from "../session/deadlines.ts";

export interface RelayState {
  readonly settings: RelaySettings;
  readonly pool: Pool;
  readonly watch: Deadlines;
  /** Hosts that recently did not answer. */
  readonly silent: SilentHosts;
  /** Hosts that take commands behind the content. */
  readonly ahead: SentAhead;
  /** Jobs that a lane has in hand. */
  readonly inHand: Bag<Job>;
  /** An operator has held, removed or sent elsewhere one of its recipients meanwhile. */
  readonly calledBack: (job: Job) => boolean;
  /** Without the recipients that an operator has held, removed or sent elsewhere meanwhile; null: nobody is left. */
  readonly stillOurs: (job: Job) => Job | null;
  /** Records results, in the background. Each job is finished exactly once. */
  readonly finish: (job: Job, results: ReadonlyArray<Result>) => void;
  /** Records the results of some recipients of a job that goes on. */
  readonly finishPart: (job: Job, results: ReadonlyArray<Result>) => void;
}
