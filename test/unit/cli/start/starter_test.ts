import assert from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { starterGone } from "../../../../lib/cli/start/starter.ts";

for (
  const [name, change] of [
    ["its parent", { parent: 1, above: 20 }],
    ["the parent of its parent", { parent: 30, above: 1 }],
  ] as const
) {
  Deno.test(`starterGone() notices that ${name} has gone`, async () => {
    let now: { readonly parent: number; readonly above: number } = { parent: 30, above: 20 };
    const gone = Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(starterGone({
        parent: () => now.parent,
        parentOf: () => Effect.sync(() => now.above),
      }));
      yield* TestClock.adjust("10 seconds");
      assert.equal(fiber.pollUnsafe(), undefined, "all are there");
      now = change;
      yield* TestClock.adjust("1 second");
      yield* Fiber.join(fiber);
    });
    await Effect.runPromise(Effect.provide(gone, TestClock.layer()));
  });
}
