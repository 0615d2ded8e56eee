/** Logs trouble with the spool for operators: findings at the start, and files that are gone. */
import { Effect } from "effect";
import type { Before, OpResult } from "../database/protocol.ts";

/** Logged again after this many checks, one a second. */
const AGAIN = 60;

/** Said at the start, with what to do. */
export const reportStart = ({ doubt }: Before, byWish: boolean): Effect.Effect<void> =>
  doubt !== null
    ? Effect.logError("The spool starts held: messages in it may have been sent already", {
      why: doubt,
      todo: HELD_TODO,
    })
    : byWish
    ? Effect.logWarning("The spool starts held, as asked for", { todo: HELD_TODO })
    : Effect.void;

const HELD_TODO =
  "look at `postern queue list --state held`; send with `postern queue release --all`, or drop with `postern queue remove`";

export class Troubles {
  readonly #log: (line: Effect.Effect<void>) => void;
  /** What is wrong; null: nothing. */
  now: string | null = null;
  #looks = 0;
  #witness: string | null = null;

  constructor(log: (line: Effect.Effect<void>) => void) {
    this.#log = log;
  }

  /** What a tick found; of the same trouble it is told once. */
  ticked(r: OpResult): void {
    if (!r.ok || r.value === null || typeof r.value !== "object" || !("witness" in r.value)) return;
    const { dropped, witness } = r.value;
    if (dropped > 0) {
      this.#log(Effect.logError("Events that nobody took were dropped", { events: dropped }));
    }
    if (witness !== null && this.#witness === null) {
      this.#log(Effect.logWarning(
        "The file beside the spool cannot be written: an older copy put in its place may go unnoticed",
        { why: witness },
      ));
    }
    this.#witness = witness;
  }

  /** The answer of a look at the files. */
  heard(r: OpResult): void {
    const found = r.ok ? (typeof r.value === "string" ? r.value : null) : r.message;
    if (found === null && this.now !== null) {
      this.#log(Effect.logInfo("The spool is in its place again and takes mail"));
    }
    if (found !== this.now) this.#looks = 0;
    this.now = found;
    if (found !== null && this.#looks++ % AGAIN === 0) {
      this.#log(Effect.logError("The spool takes no mail", { why: found, todo: LOST_TODO }));
    }
  }
}

const LOST_TODO =
  "put its files back under their names, or restart the server with the files that are there now; messages it had are still being sent";
