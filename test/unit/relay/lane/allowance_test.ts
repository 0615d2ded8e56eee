import assert from "node:assert/strict";
import fc from "fast-check";
import { Allowance } from "../../../../lib/relay/lane/allowance.ts";

Deno.test("HOP-15: Allowance spreads messages evenly, and keeps nothing of an idle hour for later", () => {
  let now = 0;
  const a = new Allowance({ connections: null, perMinute: 60 }, () => now);
  assert.equal(a.take(), 0);
  assert.equal(a.take(), 1_000);
  now += 600;
  assert.equal(a.take(), 400);
  now += 3_600_000;
  assert.equal(a.take(), 0);
  assert.ok(a.take() > 900);
});

Deno.test("HOP-15: Allowance never lets more pass in a minute than it says, however it is asked", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 6_000 }),
    fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }),
    (perMinute, steps) => {
      let now = 0;
      const a = new Allowance({ connections: null, perMinute }, () => now);
      const passed: Array<number> = [];
      for (const step of steps) {
        now += step;
        while (a.take() === 0) passed.push(now);
      }
      for (const [i, t] of passed.entries()) {
        const within = passed.slice(i).filter((x) => x - t < 60_000).length;
        assert.ok(within <= perMinute + 1 + Math.ceil(perMinute / 60_000 * 100), `${within}`);
      }
    },
  ));
});

Deno.test("HOP-15: Allowance without a figure lets everything pass", () => {
  const a = new Allowance({ connections: 2, perMinute: null });
  for (let i = 0; i < 1_000; i++) assert.equal(a.take(), 0);
  assert.deepEqual([a.free, a.room], [true, true]);
  a.connections = 2;
  assert.equal(a.room, false);
});
