import assert from "node:assert/strict";
import { HourWindows } from "../../../lib/timing/hour_windows.ts";

const HOUR = 3_600_000;
const windows = (forget: "begun" | "heard") =>
  new HourWindows({ most: 2, forget, fresh: () => ({ seen: 0 }) });

Deno.test("HourWindows counts for an hour from the first event on, and shows the hour before", () => {
  const w = windows("heard");
  w.at("a", 0).counts.seen++;
  w.at("a", HOUR - 1).counts.seen++;
  assert.deepEqual(w.at("a", HOUR - 1).counts, { seen: 2 });
  const next = w.at("a", HOUR);
  assert.deepEqual([next.counts, next.before], [{ seen: 0 }, { seen: 2 }]);
});

Deno.test("HourWindows begins anew where the clock was set back", () => {
  const w = windows("begun");
  w.at("a", 2 * HOUR).counts.seen++;
  assert.equal(w.at("a", HOUR - 1).counts.seen, 0);
});

for (
  const [forget, gone] of [["begun", "a"], ["heard", "b"]] as const
) {
  Deno.test(`HourWindows forgets ${gone} first, where the order is "${forget}"`, () => {
    const w = windows(forget);
    for (const key of ["a", "b", "a", "c"]) w.at(key, 0).counts.seen++;
    const kept = gone === "a" ? "b" : "a";
    assert.ok(w.at(kept, 0).counts.seen > 0);
    assert.equal(w.at(gone, 0).counts.seen, 0);
  });
}
