/**
 * Lets `effect` load without `node:async_hooks`: a fiber that waits is then twelve times cheaper. The price is
 * that AsyncLocalStorage does not reach through fibers, which nothing here uses.
 *
 * Effect looks for `process.getBuiltinModule` once, while it loads; it is hidden for just that long.
 */
import process from "node:process";

const host = process as unknown as { getBuiltinModule: unknown };
const { getBuiltinModule } = host;
host.getBuiltinModule = undefined;
await import("effect/Effect");
host.getBuiltinModule = getBuiltinModule;
