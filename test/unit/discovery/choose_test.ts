import assert from "node:assert/strict";
import fc from "fast-check";
import {
  byWeight,
  type Draw,
  orderSrv,
  randomDraw,
  type SrvData,
} from "../../../lib/discovery/choose.ts";

const srv = (target: string, weight: number, priority = 0, port = 993): SrvData => ({
  priority,
  weight,
  port,
  target,
});

/** A generator with a fixed seed (mulberry32): the shares below are the same in every run. */
const seeded = (seed: number): Draw => {
  let a = seed;
  const next = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return (low, high) => low + Math.floor(next() * (high - low + 1));
};

const DRAWS = 200_000;

/** How often each entry comes first, in percent. */
const shares = (weights: ReadonlyArray<number>, draw: Draw): ReadonlyArray<number> => {
  const records = weights.map((w, i) => srv(String(i), w));
  const first = weights.map(() => 0);
  for (let i = 0; i < DRAWS; i++) {
    const at = Number(orderSrv(records, draw).targets[0]?.target);
    first[at] = (first[at] ?? 0) + 1;
  }
  return first.map((n) => 100 * n / DRAWS);
};

// HOP-07, SRV-2, SRV-3: the draw of RFC 2782 goes to the sum inclusive, so that weight 0 has its "very small
// chance"; what that gives exactly for small sums is listed
for (
  const { weights, want } of [
    { weights: [1, 1], want: [50, 50] },
    { weights: [0, 0], want: [50, 50] },
    { weights: [0, 1, 3], want: [20, 20, 60] },
    { weights: [60, 20, 20], want: [60, 20, 20] },
    { weights: [0, 1], want: [50, 50] },
    { weights: [1, 3], want: [30, 70] },
    { weights: [10, 90], want: [10.5, 89.5] },
    { weights: [0, 100], want: [1, 99] },
  ]
) {
  for (const [name, draw] of [["seeded", seeded(2782)], ["the system's", randomDraw]] as const) {
    Deno.test(`orderSrv() HOP-07: weights ${weights.join("/")} over ${DRAWS} draws, ${name}`, () => {
      shares(weights, draw).forEach((share, i) => {
        assert.ok(Math.abs(share - (want[i] ?? 0)) < 1, `${share} is not ${want[i]}`);
      });
    });
  }
}

for (
  const { mark, want } of [
    { mark: 0, want: "z" },
    { mark: 1, want: "a" },
    { mark: 10, want: "a" },
    { mark: 11, want: "b" },
    { mark: 30, want: "b" },
  ]
) {
  Deno.test(`byWeight() V-1, SRV-4: mark ${mark} of 0/10/20 takes ${want}`, () => {
    const marks = [mark];
    const got = byWeight([srv("z", 0), srv("a", 10), srv("b", 20)], (low) => marks.shift() ?? low);
    assert.equal(got[0]?.target, want);
  });
}

Deno.test("orderSrv() SRV-1: a lower priority value comes first, whatever the weights", () => {
  const got = orderSrv([srv("b", 65535, 10), srv("a", 0, 0), srv("c", 1, 20)], randomDraw);
  assert.deepEqual(got.targets.map((t) => t.target), ["a", "b", "c"]);
});

Deno.test("orderSrv() SRV-5: only the root as target means not offered", () => {
  assert.deepEqual(orderSrv([srv(".", 0, 0, 0)], randomDraw), {
    absent: true,
    targets: [],
    warnings: [],
  });
  assert.equal(orderSrv([], randomDraw).absent, false);
});

Deno.test("orderSrv() SRV-6, SRV-11: a root beside targets and port 0 are dropped with a warning", () => {
  const got = orderSrv([srv(".", 0), srv("a", 1, 0, 0), srv("b", 1)], randomDraw);
  assert.deepEqual(got.targets.map((t) => t.target), ["b"]);
  assert.deepEqual(got.warnings, ["srv-root-mixed", "srv-port-zero"]);
});

Deno.test("orderSrv() loses nothing, doubles nothing and keeps priorities ascending", () => {
  const record = fc.record({
    priority: fc.nat(3),
    weight: fc.nat(65535),
    port: fc.integer({ min: 1, max: 65535 }),
    target: fc.uuid(),
  });
  fc.assert(fc.property(fc.array(record, { maxLength: 20 }), fc.integer(), (records, seed) => {
    const { targets } = orderSrv(records, seeded(seed));
    assert.deepEqual(
      targets.map((t) => t.target).sort(),
      records.map((t) => t.target).sort(),
    );
    targets.forEach((t, i) => assert.ok(i === 0 || (targets[i - 1]?.priority ?? 0) <= t.priority));
  }));
});

Deno.test("randomDraw() stays within its bounds, both included", () => {
  const seen = new Set(Array.from({ length: 2000 }, () => randomDraw(3, 5)));
  assert.deepEqual([...seen].sort(), [3, 4, 5]);
  assert.equal(randomDraw(7, 7), 7);
});
