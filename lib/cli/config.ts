/** `postern config`: checks the configuration, and prints its schema. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { checkConfig } from "../config/read/check.ts";
import { printProblem } from "../config/config.ts";
import { configSchema } from "../config/schema/json_schema.ts";
import { badConfig, misused } from "../app/failure.ts";
import { findConfig, NO_CONFIG } from "../app/config_file.ts";
import { root } from "./root.ts";
import { print, printJson, remark } from "./terminal.ts";

const check = Command.make("check", {}, () =>
  Effect.gen(function* () {
    const { config } = yield* root;
    const path = yield* findConfig(config);
    if (path === null) return yield* misused(NO_CONFIG);
    const report = yield* checkConfig(path).pipe(Effect.mapError(badConfig));
    for (const warning of report.warnings) yield* remark(`warning: ${printProblem(warning)}`);
    for (const note of report.notes) yield* remark(`note: ${printProblem(note)}`);
    yield* print(`${path}: good`);
  })).pipe(
    Command.withDescription("Check the configuration, and the files and directories it names"),
  );

const schema = Command.make("schema", {}, () => printJson(configSchema())).pipe(
  Command.withDescription("Print the JSON Schema of the configuration, for editors"),
);

export const configCommand = Command.make("config").pipe(
  Command.withDescription("Check and describe the configuration"),
  Command.withSubcommands([check, schema]),
);
