/** Reads the configuration file. */
import { Effect } from "effect";
import { resolve } from "node:path";
import { type Config, ConfigError } from "../config.ts";
import { plainFault } from "../values/fault.ts";
import { parseConfig } from "./parse.ts";

/** A secret file's text, or why it cannot be had. */
export const readSecret = (
  path: string,
): { readonly text: string } | { readonly fault: string } => {
  try {
    return { text: Deno.readTextFileSync(path) };
  } catch (e) {
    return { fault: `${path}: ${plainFault(e)}` };
  }
};

/** The text of the file itself. */
export const loadText = (file: string): Effect.Effect<string, ConfigError> =>
  Effect.tryPromise({
    try: () => Deno.readTextFile(file),
    catch: (e) => {
      const message = plainFault(e);
      return new ConfigError({
        file,
        problems: [{ file, line: null, column: null, key: null, value: null, message }],
      });
    },
  });

/** Fails with everything that is wrong at once. Touches no other file than this one and secret files. */
export const loadConfig = (path: string): Effect.Effect<Config, ConfigError> =>
  Effect.gen(function* () {
    const file = resolve(path);
    const result = parseConfig(yield* loadText(file), file, readSecret);
    return result._tag === "Valid"
      ? result.config
      : yield* new ConfigError({ file, problems: result.problems });
  });
