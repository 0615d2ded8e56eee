import assert from "node:assert/strict";
import fc from "fast-check";
import { rangesOf } from "../../../../lib/spool/database/number_ranges.ts";

Deno.test("runsOf() holds every number once, in order, and no two runs touch", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
    const runs = rangesOf(numbers);
    const all = runs.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i)
    );
    assert.deepEqual(all, [...new Set(numbers)].sort((a, b) => a - b));
    runs.slice(1).forEach((r, i) => assert.ok(r.from > runs[i]!.to + 1));
  }));
});
