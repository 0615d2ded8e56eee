/** The spool of the configuration in force, for commands. */
import { Effect } from "effect";
import type { Command } from "effect/cli";
import type { Config } from "../config/config.ts";
import type { SpoolError } from "../ports/spool.ts";
import type { SpoolAdmin } from "../ports/spool_admin.ts";
import { adminLayer } from "../spool/sqlite_admin.ts";
import { failed, Failure, noSpool } from "../app/failure.ts";
import { configOf } from "../app/config_file.ts";
import { root } from "./root.ts";

/** Runs `work` on the spool of the configuration in force; a spool that does not exist yet is not made. */
export const onSpool = (
  work: (config: Config) => Effect.Effect<void, SpoolError | Failure, SpoolAdmin>,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> =>
  Effect.gen(function* () {
    const { config: given } = yield* root;
    const config = yield* configOf(given);
    const { path } = config.spool;
    if (path === null) {
      return yield* failed(
        'there is no spool: spool.url is "none", and messages are passed through',
      );
    }
    const there = yield* Effect.promise(() => Deno.stat(path).then(() => true, () => false));
    if (!there) return yield* failed(`there is no spool in ${path} yet: the server has not run`);
    yield* work(config).pipe(
      Effect.provide(adminLayer(path)),
      Effect.mapError((e) => e instanceof Failure ? e : noSpool(path)(e)),
    );
  });
