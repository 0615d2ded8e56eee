import { Effect } from "effect";

/** A directory that goes with the scope. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => Deno.makeTempDir({ prefix: "postern-" })),
  (dir) => Effect.promise(() => Deno.remove(dir, { recursive: true })),
);
