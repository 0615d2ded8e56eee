import assert from "node:assert/strict";
import { storedTrailLines, trailLines } from "../../../lib/cli/trail_view.ts";

const TRAIL = [
  { stage: "parse", verdict: "pass", rule: "HDR-1", facts: {} },
  {
    stage: "fix_headers",
    verdict: "changed",
    rule: "date.absent",
    facts: { added: "\u001b[2JDate", names: ["a", "b"], none: null },
  },
] as const;

Deno.test("trailLines() prints a line for each decision, safe for a terminal", () => {
  assert.deepEqual(trailLines(TRAIL), [
    "  parse          pass    HDR-1",
    "  fix_headers    changed date.absent  added=?[2JDate names=a, b none=null",
  ]);
});

Deno.test("storedTrailLines() reads what is stored, and nothing from what it does not know", () => {
  assert.deepEqual(
    storedTrailLines(JSON.stringify({ version: 1, trail: TRAIL })),
    trailLines(TRAIL),
  );
  assert.deepEqual(storedTrailLines(JSON.stringify(TRAIL)), trailLines(TRAIL));
  for (const odd of ["", "{", "null", "5", '{"trail":5}', '[5,null,{"stage":1}]']) {
    assert.deepEqual(storedTrailLines(odd), []);
  }
});
