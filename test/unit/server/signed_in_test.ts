import assert from "node:assert/strict";
import { SignedIn } from "../../../lib/server/signed_in.ts";

Deno.test("SignedIn: an account has only so many sessions, until one of them ends (SMTP-19)", () => {
  const s = new SignedIn(2);
  assert.ok(s.enter("1", "a"));
  assert.ok(s.enter("2", "a"));
  assert.equal(s.enter("3", "a"), false);
  assert.ok(s.enter("4", "b"), "another account");
  s.leave("3");
  assert.equal(s.enter("3", "a"), false, "who was not let in frees nothing");
  s.leave("1");
  assert.ok(s.enter("3", "a"));
});
