/** `postern policy check`: checks the types of a site's own policy file, and that it loads. */
import { Effect, Layer } from "effect";
import { Command } from "effect/cli";
import { checkTypes } from "../../site/type_check.ts";
import { misused } from "../../app/failure.ts";
import { configOf } from "../../app/config_file.ts";
import { root } from "../root.ts";
import { badPolicy, siteOf } from "../../app/site_of.ts";
import { print, remark } from "../terminal.ts";

export const policyCheck = Command.make("check", {}, () =>
  Effect.gen(function* () {
    const config = yield* configOf((yield* root).config);
    const { file } = config.policies;
    if (file === null) return yield* misused("[policies] names no file");
    const unchecked = yield* checkTypes(file).pipe(Effect.mapError(badPolicy));
    if (unchecked !== null) yield* remark(`warning: types were not checked: ${unchecked}`);
    yield* Effect.scoped(Layer.build(siteOf(config, false))).pipe(Effect.mapError(badPolicy));
    yield* print(`${file}: good`);
  })).pipe(
    Command.withDescription(
      "Check the types of the site's policy file (with --allow-run for deno), and that it loads",
    ),
  );
