import assert from "node:assert/strict";
import { makeRemembered } from "../../../../lib/accounts/store/remembered.ts";

Deno.test("makeRemembered() knows a login for its time, also where the clock is set back", () => {
  const r = makeRemembered(1_000);
  const digest = r.digest("a", "secret");
  r.add("a", digest, 100_000);
  assert.equal(r.knows("a", digest, 100_999), true);
  assert.equal(r.knows("a", digest, 101_000), false);
  r.add("a", digest, 100_000);
  assert.equal(r.knows("a", digest, 10_000), false, "a clock set back does not stretch it");
});
