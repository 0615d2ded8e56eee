/**
 * The command line program: `deno run ... main.ts start`.
 *
 * It stands beside `mod.ts`, not in it: the program changes how `effect` loads (see `no_async_hooks.ts`), which
 * whoever imports the library must not find done.
 *
 * @module
 */
import "./lib/app/no_async_hooks.ts"; // first: see there
import { main } from "./lib/cli/main.ts";
import { defaultPolicies } from "./policies/default.ts";

/** Runs `Deno.args` and ends the process. */
export const run = (): Promise<never> => main(defaultPolicies);

if (import.meta.main) await run();
