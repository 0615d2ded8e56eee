/**
 * Whether whoever started us is still there. `npx` puts a shell and `deno task` between: a signal ends npx and the shell,
 * never `deno task`, so its parent is looked at too. Only the task `start` asks for this.
 */
import { Effect } from "effect";

export interface Ancestors {
  readonly parent: () => number;
  /** Null where it cannot be told. */
  readonly parentOf: (pid: number) => Effect.Effect<number | null>;
}

const ofSystem: Ancestors = {
  parent: () => Deno.ppid,
  parentOf: (pid) =>
    Effect.promise(async () => {
      try {
        const { stdout } = await new Deno.Command("ps", {
          args: ["-o", "ppid=", "-p", String(pid)],
          stdin: "null",
          stderr: "null",
        }).output();
        const text = new TextDecoder().decode(stdout).trim();
        return /^[0-9]+$/.test(text) ? Number(text) : null;
      } catch {
        return null; // there is no ps, or it may not be run
      }
    }),
};

/** Ends once our parent, or the parent of that, is another one than at first. */
export const starterGone = (look: Ancestors = ofSystem): Effect.Effect<void> =>
  Effect.gen(function* () {
    const parent = look.parent();
    const above = yield* look.parentOf(parent);
    while (true) {
      yield* Effect.sleep("1 second");
      if (look.parent() !== parent) return;
      const now = above === null ? null : yield* look.parentOf(parent);
      if (now !== null && now !== above) return;
    }
  });
