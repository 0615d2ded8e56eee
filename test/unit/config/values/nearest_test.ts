import assert from "node:assert/strict";
import { distance } from "../../../../lib/address/distance.ts";
import { nearest } from "../../../../lib/config/values/nearest.ts";

for (
  const [a, b, want] of [
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["lsiten", "listen", 1],
    ["route", "routes", 1],
    ["ca", "abc", 3],
  ] as const
) {
  Deno.test(`distance() counts ${want} from "${a}" to "${b}", both ways`, () => {
    assert.equal(distance(a, b), want);
    assert.equal(distance(b, a), want);
  });
}

const KEYS = ["message_bytes", "recipients", "errors"];
for (
  const [word, want] of [
    ["mesage_bytes", "message_bytes"],
    ["message-bytes", "message_bytes"],
    ["MESSAGE_BYTES", "message_bytes"],
    ["recipient", "recipients"],
    ["colour", null],
    ["", null],
    ["e".repeat(100_000), null],
  ] as const
) {
  Deno.test(`nearest() finds ${want} for "${word.slice(0, 20)}"`, () => {
    assert.equal(nearest(word, KEYS), want);
  });
}
