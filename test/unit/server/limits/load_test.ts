import assert from "node:assert/strict";
import { Load } from "../../../../lib/server/limits/load.ts";

Deno.test("Load is busy while several ends of data are answered, and for a moment after", () => {
  let now = 0;
  const load = new Load(() => now);
  for (let i = 0; i < 3; i++) load.enter();
  assert.equal(load.busy, false);
  load.enter();
  assert.equal(load.busy, true);
  for (let i = 0; i < 4; i++) load.leave();
  now = 19;
  assert.equal(load.busy, true);
  now = 20;
  assert.equal(load.busy, false);
});
