/** Stores notices about an accepted message. */
import { Effect } from "effect";
import { type NewMessage, Spool, type SpoolError } from "../../ports/spool.ts";
import { afterwards } from "./afterwards.ts";

/** Keeps the note, if there is one to keep. A fault comes too late for the client: the log says `untold`. */
export const storeNotice = <R>(
  note: Effect.Effect<NewMessage | null, SpoolError, R>,
  untold: string,
  submission: string,
): Effect.Effect<void, never, R | Spool> =>
  Effect.gen(function* () {
    const message = yield* note;
    if (message === null) return;
    yield* Effect.onError(
      (yield* Spool).commit(message),
      () => Effect.sync(() => message.body.discard()),
    );
  }).pipe(
    Effect.catch((fault) => Effect.logError(untold, { id: submission, fault })),
    afterwards,
  );
