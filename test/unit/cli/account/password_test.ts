import assert from "node:assert/strict";
import { randomPassword } from "../../../../lib/cli/account/password.ts";
import { saslprep } from "../../../../lib/sasl/saslprep.ts";

Deno.test("randomPassword() is 20 letters and digits that cannot be mistaken, new each time", () => {
  const many = Array.from({ length: 200 }, randomPassword);
  assert.equal(new Set(many).size, many.length);
  for (const p of many) {
    assert.match(p, /^(?:[a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/);
    assert.equal(saslprep(p), p);
  }
  // all letters of the alphabet turn up among 4,000
  assert.equal(new Set(many.join("").replaceAll("-", "")).size, 31);
});
