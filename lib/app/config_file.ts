/** Finds files that the command line names, relative to the working directory of the user. */
import { Effect, Option } from "effect";
import { resolve } from "node:path";
import { type Config, ConfigError } from "../config/config.ts";
import { loadConfig } from "../config/read/load.ts";
import { standardLookups } from "../config/read/standard.ts";
import { badConfig, type Failure, misused } from "./failure.ts";

/** `deno task` starts in the directory of deno.json and says in INIT_CWD where it was called. */
export const here: Effect.Effect<string> = Effect.sync(() => {
  try {
    return Deno.env.get("INIT_CWD") ?? Deno.cwd();
  } catch {
    return Deno.cwd(); // the variable may not be read
  }
});

/** An argument that names a file, made absolute. */
export const placeOf = (path: string): Effect.Effect<string> =>
  Effect.map(here, (dir) => resolve(dir, path));

const exists = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() => Deno.stat(path).then((s) => s.isFile, () => false));

/** Files that are taken without `--config`, first one first. */
export const STANDARD_PLACES = ["postern.toml", "data/postern.toml"] as const;

/** The configuration file to use; null where none is given and none is found. */
export const findConfig = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isSome(given)) return yield* placeOf(given.value);
  for (const place of STANDARD_PLACES) {
    const path = yield* placeOf(place);
    if (yield* exists(path)) return path;
  }
  return null;
});

/** Loads the configuration that a command works on. */
export const configOf = (given: Option.Option<string>): Effect.Effect<Config, Failure> =>
  Effect.gen(function* () {
    const path = yield* findConfig(given);
    if (path === null) return yield* misused(NO_CONFIG);
    return yield* loadConfig(path).pipe(Effect.mapError((e: ConfigError) => badConfig(e)));
  });

/** For commands that work without a configuration: what it would say if it said nothing. */
export const loadedOrStandard = (
  given: Option.Option<string>,
): Effect.Effect<Pick<Config, "dns" | "discover">, Failure> =>
  Effect.flatMap(
    findConfig(given),
    (path) => path === null ? Effect.succeed(standardLookups) : configOf(given),
  );

export const NO_CONFIG = `no configuration: neither ${
  STANDARD_PLACES.join(" nor ")
} is here, and --config is not given`;
