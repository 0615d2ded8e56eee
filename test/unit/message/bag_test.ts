import assert from "node:assert/strict";
import fc from "fast-check";
import { Bag } from "../../../lib/message/bag.ts";

Deno.test("Present holds what a Set would, whatever comes and goes", () => {
  const step = fc.record({ leave: fc.boolean(), who: fc.integer({ min: 0, max: 12 }) });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const present = new Bag<number>();
    const set = new Set<number>();
    for (const { leave, who } of steps) {
      if (leave) assert.equal(present.delete(who), set.delete(who));
      else {
        present.add(who);
        set.add(who);
      }
      assert.equal(present.size, set.size);
      assert.equal(present.has(who), set.has(who));
      assert.deepEqual([...present].sort(), [...set].sort());
    }
  }));
});

Deno.test("Present lets everybody leave while it is looked through", () => {
  const present = new Bag<number>();
  for (let i = 0; i < 10; i++) present.add(i);
  const seen: Array<number> = [];
  for (const n of present) {
    seen.push(n);
    present.delete(n);
    present.delete(9 - n);
  }
  assert.equal(seen.length, 10);
  assert.equal(present.size, 0);
});
