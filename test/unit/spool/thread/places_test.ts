import assert from "node:assert/strict";
import { Places } from "../../../../lib/spool/thread/places.ts";

Deno.test("Places: who is first has it, on either side of the memory that both share", () => {
  const loop = new Places();
  const thread = new Places(loop.buffer);
  assert.equal(loop.withdraw(0), true);
  assert.equal(thread.begin(0), false);
  assert.equal(thread.begin(1), true);
  assert.equal(loop.withdraw(1), false);
  // what failed is begun once more, each in its own transaction
  assert.equal(thread.begin(1), true);
  assert.equal(loop.withdraw(0), true, "it is withdrawn already");
  loop.reset();
  assert.deepEqual([thread.begin(0), loop.withdraw(1)], [true, true]);
});
