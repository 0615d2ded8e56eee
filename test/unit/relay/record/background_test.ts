import assert from "node:assert/strict";
import { Context, Deferred, Effect } from "effect";
import { Background } from "../../../../lib/relay/record/background.ts";

const run = (effect: Effect.Effect<void>) => Effect.runPromise(effect);

Deno.test("Background is empty once the last effect is over, failed or not", () =>
  run(Effect.gen(function* () {
    const background = new Background(Context.empty());
    yield* background.empty;
    const first = yield* Deferred.make<void>();
    const second = yield* Deferred.make<void>();
    let over = 0;
    const count = Effect.sync(() => void over++);
    background.run(Effect.andThen(Deferred.await(first), count));
    background.run(
      Effect.ensuring(Effect.andThen(Deferred.await(second), Effect.die("bad")), count),
    );
    yield* Deferred.succeed(first, undefined);
    yield* Deferred.succeed(second, undefined);
    yield* background.empty;
    assert.equal(over, 2);
  })));

Deno.test("Background.stop interrupts what runs, waits for its end, and starts no more", () =>
  run(Effect.gen(function* () {
    const background = new Background(Context.empty());
    const ends: Array<string> = [];
    background.run(
      Effect.ensuring(Effect.never, Effect.sync(() => void ends.push("interrupted"))),
    );
    yield* background.stop;
    assert.deepEqual(ends, ["interrupted"]);
    background.run(Effect.sync(() => void ends.push("late")));
    yield* background.empty;
    assert.deepEqual(ends, ["interrupted"]);
  })));
