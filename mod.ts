/**
 * Postern, a message submission agent (RFC 6409), to embed: a configuration in, a running server out.
 *
 * Importing it has no side effect. The parts that it is made of have entries of their own: `./server`, `./stages`,
 * `./discovery`, `./policy`, and `./testing` for tests.
 *
 * @example
 * ```ts
 * import { Effect } from "effect";
 * import { defaultPolicies, loadConfig, serve } from "@postern/postern";
 *
 * const config = await Effect.runPromise(loadConfig("postern.toml"));
 * Effect.runFork(serve({ config, policies: defaultPolicies }));
 * ```
 *
 * @module
 */
export { Failure } from "./lib/app/failure.ts";
export { serve, type ServeFault, type ServeOptions } from "./lib/app/serve.ts";
export { ZoneFault } from "./lib/app/serve_discovery.ts";
export type * from "./lib/config/config.ts";
export { ConfigError, printProblem } from "./lib/config/config.ts";
export type { CheckReport } from "./lib/config/read/check.ts";
export { loadConfig } from "./lib/config/read/load.ts";
export type { SocketAddress } from "./lib/config/values/address.ts";
export type { FilterAddress } from "./lib/config/values/filter_place.ts";
export type { Listening } from "./lib/server/server.ts";
export type { ServerLimits, SessionLimits } from "./lib/smtp/server/limits.ts";
export type { Policies } from "./lib/stages/policy.ts";
export type { Signed } from "./lib/stages/submission.ts";
export { defaultPolicies } from "./policies/default.ts";

// the program stands in main.ts; whoever starts this file as one means that
if (import.meta.main) await import("./main.ts").then(({ run }) => run());
