import assert from "node:assert/strict";
import { readStoredTrail } from "../../../lib/stages/stored_trail.ts";

const TRAIL = [
  { stage: "parse", verdict: "pass", rule: "HDR-1", facts: {} },
  { stage: "fix_headers", verdict: "changed", rule: "HDR-4", facts: { field: "Date" } },
];

Deno.test("readStoredTrail() reads what is stored, with and without its version", () => {
  assert.deepEqual(readStoredTrail(JSON.stringify({ version: 1, trail: TRAIL })), TRAIL);
  assert.deepEqual(readStoredTrail(JSON.stringify(TRAIL)), TRAIL);
});

Deno.test("readStoredTrail() leaves out what it does not know, and never throws", () => {
  assert.deepEqual(readStoredTrail(JSON.stringify([5, null, { stage: 1 }, ...TRAIL])), TRAIL);
  for (const odd of ["", "{", "null", "5", '{"trail":5}', '{"trail":{"length":2}}']) {
    assert.deepEqual(readStoredTrail(odd), []);
  }
});
