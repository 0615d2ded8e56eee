/** The key by which Received seals what it knows of a client. */
import { Effect } from "effect";
import type { Config } from "../config/config.ts";
import { readSealer, type Sealer } from "../trace/seal.ts";
import { type Failure, misused, reasonOf } from "./failure.ts";

/** Of the key file of the configuration; one that others may read is not used. */
export const sealerIn = (path: string): Effect.Effect<Sealer, Failure> =>
  Effect.gen(function* () {
    const text = yield* Effect.try({
      try: () => {
        const { mode } = Deno.statSync(path);
        if (mode !== null && (mode & 0o077) !== 0) throw new Error("may be read by others");
        return Deno.readTextFileSync(path);
      },
      catch: (e) => misused(`${path}: ${reasonOf(e)}`),
    });
    const sealer = readSealer(text);
    return sealer === null
      ? yield* misused(`${path}: each line must be a key of 32 octets in base64`)
      : sealer;
  });

/** Null where Received is not sealed. */
export const sealOf = (config: Config): Effect.Effect<Sealer["seal"] | null, Failure> =>
  config.headers.received === "sealed" && config.sealKeyFile !== null
    ? Effect.map(sealerIn(config.sealKeyFile), (s) => s.seal)
    : Effect.succeed(null);
