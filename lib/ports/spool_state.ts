/** The state of this process's spool: for the relay, the log and health checks. */
import { Context } from "effect";

export class SpoolState extends Context.Service<SpoolState, {
  /** Milliseconds in which no process ran on the spool before this one; 0: none, or nothing is known. */
  readonly downMs: number;
  /** Why the spool takes no mail now, in words; null: it does. From memory, about a second old. */
  readonly trouble: () => string | null;
}>()("postern/SpoolState") {}
