import assert from "node:assert/strict";
import { makeHashQueue, TooBusy } from "../../../../lib/accounts/sign_in/hash_queue.ts";

/** Work that ends when told to. */
const held = () => {
  const gates: Array<(answer: boolean) => void> = [];
  let running = 0;
  let most = 0;
  return {
    work: () => {
      most = Math.max(most, ++running);
      return new Promise<boolean>((resolve) => gates.push(resolve)).finally(() => running--);
    },
    finish: async (answer: boolean) => {
      gates.shift()?.(answer);
      await settle();
    },
    most: () => most,
    started: () => gates.length,
  };
};

/** Lets everything that can run without new input run. */
const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

Deno.test("makeHashQueue() runs no more than its share at once, in the order of asking: threats.md row 12", async () => {
  const h = held();
  const queue = makeHashQueue(2, 10);
  const answers = ["a", "b", "c", "d"].map((q) => queue.ask(q, h.work));
  await settle();
  assert.equal(h.started(), 2);
  for (const answer of [true, false, true, false]) await h.finish(answer);
  assert.deepEqual(await Promise.all(answers), [true, false, true, false]);
  assert.equal(h.most(), 2);
});

Deno.test("makeHashQueue() refuses at once when the line is full, and takes more afterwards: threats.md row 12", async () => {
  const h = held();
  const queue = makeHashQueue(1, 1);
  const first = queue.ask("a", h.work);
  const second = queue.ask("b", h.work);
  await assert.rejects(queue.ask("c", h.work), TooBusy);
  await settle();
  await h.finish(true);
  await h.finish(true);
  assert.deepEqual(await Promise.all([first, second]), [true, true]);
  const again = queue.ask("c", h.work);
  await settle();
  await h.finish(false);
  assert.equal(await again, false);
});

Deno.test("makeHashQueue() asks the same question once while it is under way, and again later", async () => {
  const h = held();
  const queue = makeHashQueue(1, 0);
  const twice = [queue.ask("same", h.work), queue.ask("same", h.work)];
  await settle();
  assert.equal(h.started(), 1);
  await h.finish(true);
  assert.deepEqual(await Promise.all(twice), [true, true]);
  const later = queue.ask("same", h.work);
  await settle();
  await h.finish(false);
  assert.equal(await later, false);
});

Deno.test("makeHashQueue() gives a place back when work fails", async () => {
  const queue = makeHashQueue(1, 0);
  await assert.rejects(queue.ask("a", () => Promise.reject(new Error("broken"))), /broken/);
  assert.equal(await queue.ask("a", () => Promise.resolve(true)), true);
});
