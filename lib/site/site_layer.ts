/**
 * The Layer behind `SitePolicy`: loads the file of a site, watches for changes, and uses a new version once it is
 * checked and loaded. A broken version is logged, and the old one stays in use.
 */
import { Duration, Effect, Layer, Schedule } from "effect";
import { SitePolicy } from "../ports/site_policy.ts";
import { PolicyFileFault } from "./file_fault.ts";
import { Runner } from "./runner.ts";
import { checkTypes } from "./type_check.ts";

export interface SiteOptions {
  /** Absolute path. */
  readonly file: string;
  /** For one decision. */
  readonly limitMs: number;
  readonly onFault: "accept" | "refuse";
  /** Time between looks at the file; null: it is read once. */
  readonly every: Duration.Duration | null;
}

/** Fails where the file cannot be used at start. */
export const siteLayer = (o: SiteOptions): Layer.Layer<never, PolicyFileFault> =>
  Layer.effect(
    SitePolicy,
    Effect.gen(function* () {
      let stamp = yield* stampOf(o.file);
      let runner = yield* loaded(o);
      yield* Effect.addFinalizer(() => Effect.sync(() => runner.close()));
      const look = Effect.gen(function* () {
        const now = yield* stampOf(o.file);
        if (now === stamp) return;
        stamp = now;
        const next = yield* loaded(o);
        // calls that wait are answered by the version they came to
        runner.close();
        runner = next;
        yield* Effect.logInfo("new version of the site's policy in use", { file: o.file });
      }).pipe(
        Effect.catch((fault) =>
          Effect.logError("changed policy of the site cannot be used, the old one stays", {
            file: o.file,
            problem: fault.message,
          })
        ),
      );
      if (o.every !== null) {
        yield* Effect.forkScoped(
          Effect.repeat(look, Schedule.spaced(o.every)).pipe(Effect.ignoreCause({ log: "Error" })),
        );
      }
      return {
        decide: (facts) => runner.decide(facts),
        onFault: o.onFault,
      };
    }),
  );

const loaded = Effect.fnUntraced(function* (o: SiteOptions) {
  const unchecked = yield* checkTypes(o.file);
  if (unchecked !== null) {
    yield* Effect.logWarning("the site's policy is used without a check of its types", {
      file: o.file,
      reason: unchecked,
    });
  }
  const runner = new Runner(o.file, o.limitMs);
  yield* runner.load;
  return runner;
});

/** Changes with the file; the file that is gone has one too, so that it is told once. */
const stampOf = (file: string): Effect.Effect<string> =>
  Effect.promise(() =>
    Deno.stat(file).then(
      (s) => `${s.mtime?.getTime()} ${s.size} ${s.ino}`,
      (e: unknown) => `gone: ${String(e)}`,
    )
  );
