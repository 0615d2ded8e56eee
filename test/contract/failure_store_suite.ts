/** What every store behind `FailureStore` does. Run on each Layer there is. */
import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import { type FailureKey, FailureStore, type FailureTerms } from "../../lib/ports/failure_store.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const TERMS: FailureTerms = { free: 1, lockAt: 5, maxDelay: 30 * SECOND, lock: 15 * MINUTE };
const STRICT: FailureTerms = { ...TERMS, free: 0 };

const a: FailureKey = { key: "a", terms: TERMS };
const b: FailureKey = { key: "b", terms: STRICT };

const admit = (now: number, ...keys: readonly [FailureKey, ...ReadonlyArray<FailureKey>]) =>
  FailureStore.use((s) => s.admit(keys, now));
const fail = (now: number, ...keys: ReadonlyArray<FailureKey>) =>
  FailureStore.use((s) => s.fail(keys, now));

/** `layer` makes a fresh, empty store each time it is built. */
export const failureStoreSuite = <E>(
  name: string,
  layer: () => Layer.Layer<FailureStore, E>,
): void => {
  const it = (title: string, body: () => Effect.Effect<void, unknown, FailureStore>) =>
    Deno.test(
      `${name}: ${title}`,
      () => Effect.runPromise(Effect.provide(body(), Layer.fresh(layer()))),
    );

  it("a key that never failed waits for nothing", () =>
    Effect.gen(function* () {
      assert.equal(yield* admit(0, a, b), 0);
      assert.equal(yield* admit(0, a, b), 0);
    }));

  it("delays double past the free failures, up to the lock", () =>
    Effect.gen(function* () {
      const waits = [];
      for (let n = 0; n < 6; n++) {
        waits.push(yield* admit(n * MINUTE, a));
        yield* fail(n * MINUTE, a);
      }
      assert.deepEqual(waits.slice(0, 5), [0, 0, 1 * SECOND, 2 * SECOND, 4 * SECOND]);
      assert.ok((waits[5] ?? 0) > TERMS.maxDelay);
    }));

  it("the strictest key decides, each by its own terms", () =>
    Effect.gen(function* () {
      yield* fail(0, a, b);
      assert.equal(yield* admit(MINUTE, a), 0);
      assert.equal(yield* admit(MINUTE, a, b), SECOND);
    }));

  it("tries at the same moment queue behind each other", () =>
    Effect.gen(function* () {
      yield* fail(0, b);
      const waits = yield* Effect.all(
        [admit(MINUTE, b), admit(MINUTE, b), admit(MINUTE, b)],
        { concurrency: "unbounded" },
      );
      assert.deepEqual([...waits].sort((x, y) => x - y), [SECOND, 2 * SECOND, 3 * SECOND]);
    }));

  it("a try that is turned away takes no place", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 5; n++) yield* fail(0, a);
      yield* fail(0, b);
      assert.ok((yield* admit(SECOND, b, a)) > TERMS.maxDelay);
      assert.equal(yield* admit(MINUTE, b), SECOND);
    }));

  it("a lock ends with its time, half of the failures with it, and the rest a lock's time later", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 5; n++) yield* fail(0, a);
      assert.ok((yield* admit(14 * MINUTE, a)) > TERMS.maxDelay);
      assert.equal(yield* admit(15 * MINUTE, a), SECOND);
      assert.equal(yield* admit(31 * MINUTE, a), 0);
    }));

  it("forget() frees one key, under its terms", () =>
    Effect.gen(function* () {
      yield* fail(0, b, { key: "c", terms: STRICT });
      yield* FailureStore.use((s) => s.forget(b));
      assert.equal(yield* admit(1, b), 0);
      assert.equal(yield* admit(1, { key: "c", terms: STRICT }), SECOND);
    }));

  it("trust lasts until it ends", () =>
    Effect.gen(function* () {
      yield* FailureStore.use((s) => s.trust("x", MINUTE));
      const trusted = (who: string, now: number) => FailureStore.use((s) => s.trusted(who, now));
      assert.deepEqual(
        [yield* trusted("x", 0), yield* trusted("y", 0), yield* trusted("x", MINUTE)],
        [true, false, false],
      );
    }));

  it("a clock that was set back stretches no lock", () =>
    Effect.gen(function* () {
      const later = 1000 * MINUTE;
      for (let n = 0; n < 5; n++) yield* fail(later, a);
      assert.ok((yield* admit(0, a)) > TERMS.maxDelay);
      assert.equal(yield* admit(15 * MINUTE, a), SECOND);
    }));
};
