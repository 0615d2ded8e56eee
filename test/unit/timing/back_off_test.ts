import assert from "node:assert/strict";
import { backOff } from "../../../lib/timing/back_off.ts";

Deno.test("backOff() doubles up to its bound, however many failures there are", () => {
  const pauses = [-1, 0, 1, 2, 3, 4, 2_000].map((n) => backOff({ first: 250, longest: 900 }, n));
  assert.deepEqual(pauses, [0, 0, 250, 500, 900, 900, 900]);
});
