import assert from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { Signal } from "../../../lib/timing/signal.ts";

Deno.test("Signal wakes all who wait, once", async () => {
  const signal = new Signal();
  const woken: Array<string> = [];
  signal.once(() => woken.push("callback"));
  const promise = signal.wait().then(() => woken.push("promise"));
  const fiber = Effect.runFork(Effect.map(signal.next, () => woken.push("effect")));
  await Promise.resolve();
  signal.wake();
  await promise;
  await Effect.runPromise(Fiber.await(fiber));
  signal.wake();
  assert.deepEqual(woken.sort(), ["callback", "effect", "promise"]);
});

Deno.test("Signal keeps who comes back while it wakes for the next time", () => {
  const signal = new Signal();
  let woken = 0;
  const again = (): void => {
    woken++;
    signal.once(again);
  };
  signal.once(again);
  signal.wake();
  assert.equal(woken, 1);
  signal.wake();
  assert.equal(woken, 2);
});

Deno.test("Signal forgets who has left, an interrupted effect too", async () => {
  const signal = new Signal();
  let woken = 0;
  signal.once(() => woken++)();
  const fiber = Effect.runFork(Effect.map(signal.next, () => woken++));
  await Effect.runPromise(Fiber.interrupt(fiber));
  signal.wake();
  assert.equal(woken, 0);
});
