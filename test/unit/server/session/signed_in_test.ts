import assert from "node:assert/strict";
import { Redacted } from "effect";
import type { Claim } from "../../../../lib/envelope/login.ts";
import { SignedIn } from "../../../../lib/server/session/signed_in.ts";

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

const claim: Claim = {
  _tag: "Password",
  login: { mechanism: "PLAIN", authzid: "", authcid: "a", password: Redacted.make("secret") },
};

Deno.test("SignedIn: a password is kept only where a route forwards it, and as long as the session", () => {
  const forwards = new SignedIn(2, true);
  forwards.enter("1", "a@x.example", "password", claim);
  const login = forwards.of("1")?.login;
  assert.equal(login?.username, "a");
  assert.equal(
    login === null || login === undefined ? "" : Redacted.value(login.password),
    "secret",
  );
  assert.ok(!JSON.stringify(forwards.of("1")).includes("secret"));
  forwards.leave("1");
  assert.equal(forwards.of("1"), null);
  const others = new SignedIn(2);
  others.enter("1", "a@x.example", "password", claim);
  assert.equal(others.of("1")?.login, null);
  const proof: Claim = {
    _tag: "Certificate",
    certificate: { mechanism: "EXTERNAL", authzid: "", account: "a" },
  };
  forwards.enter("2", "a@x.example", "certificate", proof);
  assert.equal(forwards.of("2")?.login, null);
});
