/** The state of this process's spool: for the relay, the log and health checks. */
import { Context } from "effect";

export interface SpoolStateService {
  /** A long time in which no process ran on the spool had ended so many ms ago when this one began; null: none is known. */
  readonly sinceDownMs: number | null;
  /** Why the spool takes no mail now, in words; null: it does. From memory, about a second old. */
  readonly trouble: () => string | null;
}

const SpoolStateBase: Context.ServiceClass<SpoolState, "postern/SpoolState", SpoolStateService> =
  Context.Service<SpoolState, SpoolStateService>()("postern/SpoolState");

/** The key under which an Effect asks for {@link SpoolStateService}. */
export class SpoolState extends SpoolStateBase {}
