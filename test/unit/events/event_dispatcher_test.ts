import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Outbox, type OutboxPage } from "../../../lib/ports/outbox.ts";
import { eventDispatcherLayer, type Listener } from "../../../lib/events/event_dispatcher.ts";

/** Numbers as events; each listener has its own place. */
class Box {
  events: Array<number> = [];
  readonly at = new Map<string, number>();
  wake: () => void = () => {};
  readonly next = (listener: string, limit: number) =>
    Effect.sync((): OutboxPage => {
      const from = this.at.get(listener) ?? 0;
      const events = this.events.slice(from, from + limit).map(String);
      return { events, upTo: from + events.length, dropped: 0 };
    });
  readonly taken = (listener: string, p: OutboxPage) =>
    Effect.sync(() => void this.at.set(listener, p.upTo));
  readonly add = () => Effect.void;
  readonly more: Effect.Effect<void> = Effect.callback((resume) => {
    this.wake = () => resume(Effect.void);
  });
}

/** Takes what it gets unless it is `down`. */
const listener = (name: string, most: number) => {
  const got: Array<string> = [];
  const state = { down: false, tries: 0 };
  const l: Listener = {
    name,
    most,
    tell: ({ events }) => {
      state.tries++;
      if (!state.down) got.push(events.join());
      return Promise.resolve(state.down ? "down" : null);
    },
  };
  return { l, got, state };
};

const settle = Effect.promise(() => new Promise<void>((r) => setTimeout(r, 20)));

Deno.test("tellerLayer tells pages in their order, waits where one is not taken, and disturbs nobody else", async () => {
  const box = new Box();
  const [a, b] = [listener("a", 2), listener("b", 10)];
  a.state.down = true;
  await Effect.runPromise(
    Effect.scoped(Effect.gen(function* () {
      box.events = [1, 2, 3];
      yield* Layer.build(
        Layer.provide(eventDispatcherLayer([a.l, b.l]), Layer.succeed(Outbox, Outbox.of(box))),
      );
      yield* settle;
      assert.deepEqual([a.got, b.got], [[], ["1,2,3"]]);
      assert.equal(a.state.tries, 1);
      a.state.down = false;
      yield* TestClock.adjust("999 millis");
      yield* settle;
      assert.equal(a.state.tries, 1);
      yield* TestClock.adjust("1 millis");
      yield* settle;
      assert.deepEqual(a.got, ["1,2", "3"]);
      box.events.push(4);
    })).pipe(Effect.provide(TestClock.layer())),
  );
  // at its end each gets what is there
  assert.deepEqual([a.got.at(-1), b.got.at(-1)], ["4", "4"]);
});

Deno.test("tellerLayer does not wait at its end for a listener that takes nothing", async () => {
  const box = new Box();
  const a = listener("a", 2);
  a.state.down = true;
  box.events = [1];
  await Effect.runPromise(
    Effect.scoped(Effect.gen(function* () {
      yield* Layer.build(
        Layer.provide(eventDispatcherLayer([a.l]), Layer.succeed(Outbox, Outbox.of(box))),
      );
      yield* settle;
    })),
  );
  assert.equal(a.state.tries, 1);
  assert.equal(box.at.size, 0);
});
