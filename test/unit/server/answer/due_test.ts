import assert from "node:assert/strict";
import { Effect, Exit, Fiber } from "effect";
import { Due } from "../../../../lib/server/answer/due.ts";

/** A fiber that goes on until it is interrupted. */
const working = () => Effect.runFork(Effect.never);
const late = () => performance.now() + 1_001;
const interrupted = async (fiber: Fiber.Fiber<never>): Promise<boolean> => {
  await new Promise((r) => setTimeout(r));
  const exit = fiber.pollUnsafe();
  if (exit === undefined) fiber.interruptUnsafe();
  return exit !== undefined && Exit.isFailure(exit);
};

Deno.test("Due: work that can be given up is interrupted once it is due, and not before", async () => {
  const early = working(), overdue = working();
  for (const [fiber, now] of [[early, performance.now()], [overdue, late()]] as const) {
    const due = new Due(1_000);
    due.begun(fiber);
    due.expire(now);
  }
  assert.deepEqual([await interrupted(early), await interrupted(overdue)], [false, true]);
});

Deno.test("Due: a commit is called off and never interrupted", async () => {
  const fiber = working();
  const due = new Due(1_000);
  const cancellation = due.committing();
  due.begun(fiber);
  due.expire(performance.now());
  assert.equal(cancellation.requested, false);
  due.expire(late());
  due.expire(late());
  assert.equal(cancellation.requested, true);
  assert.equal(await interrupted(fiber), false);
});

Deno.test("Due: time does not count while somebody else keeps it, and counts from then on", async () => {
  const fiber = working();
  const due = new Due(1_000);
  due.never();
  due.begun(fiber);
  due.expire(late());
  assert.equal(fiber.pollUnsafe(), undefined);
  due.again();
  due.expire(late());
  assert.equal(await interrupted(fiber), true);
});
