/** The stored body of a submission: can be read again, and replaced. Not a service: it comes with the submission. */
import type { Effect } from "effect";
import type { BodyFacts } from "../message/mime/body.ts";
import type { SpoolError } from "./spool.ts";

/** What becomes of a body, chunk by chunk. */
export interface Rewrite {
  readonly push: (chunk: Uint8Array) => ReadonlyArray<Uint8Array>;
  readonly end: () => ReadonlyArray<Uint8Array>;
}

/** A body that waits in the spool's staging and can be read again or replaced, once. */
export interface StoredBody {
  /** Shows every chunk, in order. */
  readonly each: (see: (chunk: Uint8Array) => void) => Effect.Effect<void, SpoolError>;
  /** The same for who is slower than the disk: the next chunk is read once `see` is done. */
  readonly eachInTurn: (
    see: (chunk: Uint8Array) => Promise<void>,
  ) => Effect.Effect<void, SpoolError>;
  /** Puts what `r` makes of it in its place; what is known of that. */
  readonly replace: (r: Rewrite) => Effect.Effect<BodyFacts, SpoolError>;
}
