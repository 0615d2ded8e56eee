import assert from "node:assert/strict";
import { LEAST_LENGTH, weakness } from "../../../../lib/accounts/store/weak_password.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";

const alice = [parseMailbox("alice.smith@example.com")].filter((m) => m !== null);

for (
  const [password, want] of [
    ["abc", /^it has 3 characters, and needs at least 8$/],
    ["ä", /^it has 1 character, /],
    ["Password123", /most common/],
    ["Alice.Smith@example.com", /the login/],
    ["alice.smith", /the login/],
    ["example.com", /the login/],
    ["zzzzzzzzzzz", /over and over/],
  ] as const
) {
  Deno.test(`weakness() tells what is wrong with ${password}`, () => {
    assert.match(weakness(password, alice, LEAST_LENGTH) ?? "", want);
  });
}

Deno.test("weakness() takes words of one's own, and a shorter one where the site says so", () => {
  assert.equal(weakness("four words of mine", alice, LEAST_LENGTH), null);
  assert.equal(weakness("xk7q", alice, 4), null);
});
