/** The file that keeps MTA-STS policies over restarts. RFC 8461 §3.3 */
import { Effect, Layer } from "effect";
import type { HttpSend, Lookup } from "../discovery/discover/ports.ts";
import { Resolver } from "../ports/resolver.ts";
import { StsPolicies, type StsPolicy } from "../ports/sts_policies.ts";
import { KeptFile } from "../files/kept_file.ts";
import { type Kept, StsCache } from "./sts_cache.ts";

/** What a file holds that we wrote; whatever else stands there is passed over. */
export const readKept = (text: string): ReadonlyArray<Kept> => {
  try {
    const all: unknown = JSON.parse(text);
    return Array.isArray(all) ? all.filter(isKept) : [];
  } catch {
    return [];
  }
};

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === "object" && v !== null;

const isKept = (v: unknown): v is Kept =>
  isRecord(v) && typeof v["domain"] === "string" && typeof v["id"] === "string" &&
  typeof v["at"] === "number" && isPolicy(v["policy"]);

const isPolicy = (v: unknown): v is StsPolicy =>
  isRecord(v) && (v["mode"] === "enforce" || v["mode"] === "testing" || v["mode"] === "none") &&
  typeof v["maxAgeSeconds"] === "number" && Array.isArray(v["mx"]) &&
  v["mx"].every((m) => typeof m === "string");

const DAILY = "24 hours";

/** `path`: null where nothing is kept over restarts. */
export const stsLayer = (
  path: string | null,
  sendOver: (lookup: Lookup) => HttpSend,
): Layer.Layer<StsPolicies, never, Resolver> =>
  Layer.effect(
    StsPolicies,
    Effect.gen(function* () {
      const resolver = yield* Resolver;
      const file = path === null ? null : new KeptFile(path);
      const before = yield* Effect.promise(async () => readKept(await file?.read() ?? ""));
      const cache = new StsCache({
        txt: (name) => Effect.runPromise(resolver.lookup(name, "TXT")),
        send: sendOver((name, type) => Effect.runPromise(resolver.lookup(name, type))),
        now: Date.now,
        kept: before,
        keep: (all) => file?.write(JSON.stringify(all)),
      });
      yield* Effect.addFinalizer(() => Effect.promise(() => file?.idle() ?? Promise.resolve()));
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.andThen(Effect.sleep(DAILY), Effect.promise(() => cache.refreshAll())),
        ),
      );
      return { find: (domain, anew) => Effect.promise(() => cache.find(domain, anew)) };
    }),
  );
