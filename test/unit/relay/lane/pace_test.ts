import assert from "node:assert/strict";
import { Pace, throttles } from "../../../../lib/relay/lane/pace.ts";
import { ours } from "../../../../lib/smtp/client/verdict.ts";

const said = (status: string, text: string) => ({
  ...ours("temporary", status, text),
  remote: true,
});

Deno.test("HOP-15: 421 and words of load slow down, words about a recipient do not", () => {
  assert.ok(throttles(said("4.3.2", "421 4.3.2 busy")));
  assert.ok(throttles(said("4.7.28", "450 4.7.28 rate")));
  assert.ok(!throttles(said("4.2.0", "450 4.2.0 greylisted")));
  assert.ok(!throttles(ours("temporary", "4.4.2", "Connection lost")));
});

Deno.test("HOP-15: Pace halves its connections, then pauses, and comes back step by step", () => {
  let now = 0;
  const p = new Pace(8, () => now);
  const slow = () => {
    now += 1_001;
    p.slow();
  };
  slow();
  p.slow(); // of the same burst
  assert.equal(p.lanes, 4);
  slow();
  slow();
  assert.deepEqual([p.lanes, p.gapMs], [1, 0]);
  slow();
  slow();
  assert.deepEqual([p.lanes, p.gapMs], [1, 100]);
  for (let i = 0; i < 50; i++) p.took();
  assert.equal(p.gapMs, 0);
  for (let i = 0; i < 50; i++) p.took();
  assert.equal(p.lanes, 8);
});

Deno.test("HOP-15: a hop that fails is left alone ever longer, then tried over one connection", () => {
  let now = 0;
  const p = new Pace(8, () => now);
  const pauses = [1, 2, 3, 4, 5].map(() => {
    p.failed(10_000);
    const from = now;
    while (p.paused) now += 1_000;
    return now - from;
  });
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 60_000, 60_000]);
  assert.equal(p.lanes, 1);
  p.reached();
  assert.equal(p.lanes, 8);
});
