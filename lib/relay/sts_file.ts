/** The file that keeps MTA-STS policies over restarts. RFC 8461 §3.3 */
import { Effect, Layer } from "effect";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { HttpSend, Lookup } from "../discovery/discover/ports.ts";
import { Resolver } from "../ports/resolver.ts";
import { StsPolicies, type StsPolicy } from "../ports/sts_policies.ts";
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
): Layer.Layer<never, never, Resolver> =>
  Layer.effect(
    StsPolicies,
    Effect.gen(function* () {
      const resolver = yield* Resolver;
      const before = path === null
        ? []
        : yield* Effect.promise(() => readFile(path, "utf8").then(readKept, () => []));
      const writer = path === null ? null : new Writer(path);
      const cache = new StsCache({
        txt: (name) => Effect.runPromise(resolver.lookup(name, "TXT")),
        send: sendOver((name, type) => Effect.runPromise(resolver.lookup(name, type))),
        now: Date.now,
        kept: before,
        keep: (all) => writer?.write(JSON.stringify(all)),
      });
      yield* Effect.addFinalizer(() => Effect.promise(() => writer?.idle() ?? Promise.resolve()));
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.andThen(Effect.sleep(DAILY), Effect.promise(() => cache.refreshAll())),
        ),
      );
      return { find: (domain, anew) => Effect.promise(() => cache.find(domain, anew)) };
    }),
  );

/** One write at a time, the newest text last; a file is there whole or not at all. */
class Writer {
  readonly #path: string;
  #next: string | null = null;
  #busy: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  write(text: string): void {
    this.#next = text;
    this.#busy ??= this.#run().finally(() => this.#busy = null);
  }

  idle(): Promise<void> {
    return this.#busy ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    while (this.#next !== null) {
      const text = this.#next;
      this.#next = null;
      // a disk that is full costs only what a restart would have to fetch again
      await this.#put(text).catch(() => {});
    }
  }

  async #put(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(`${this.#path}.new`, text);
    await rename(`${this.#path}.new`, this.#path);
  }
}
