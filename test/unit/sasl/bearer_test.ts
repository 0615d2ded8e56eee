import assert from "node:assert/strict";
import { Redacted } from "effect";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../../lib/sasl/base64.ts";
import { oauthBearer, xoauth2 } from "../../../lib/sasl/bearer.ts";
import { external } from "../../../lib/sasl/external.ts";
import { type Exchange, NO_CHANNEL, type SaslStep } from "../../../lib/sasl/mechanism.ts";
import { octets } from "../../support/octets.ts";

const AT: Exchange = { ...NO_CHANNEL, plus: false, hosts: ["server.example.com"], port: 143 };

/** Name and token that are to be checked, or what became of it. */
const told = (s: SaslStep): string | readonly [string, string] =>
  s._tag === "Check" && s.claim._tag === "Token"
    ? [s.claim.bearer.authzid, Redacted.value(s.claim.bearer.token)]
    : s._tag;

const failure = (s: SaslStep): string =>
  "failure" in s && s.failure !== undefined ? encodeBase64(s.failure) : "";

Deno.test("oauthBearer reads and answers as in the examples of RFC 7628 §4.1, §4.3: SASL-15, SASL-16", () => {
  const m = oauthBearer({
    scope: "example_scope",
    openidConfiguration: "https://example.com/.well-known/openid-configuration",
  });
  const message = decodeBase64(
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI" +
      "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  );
  assert.ok(message !== null);
  const step = m.start(message, AT);
  assert.deepEqual(told(step), [
    "user@example.com",
    "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
  ]);
  assert.equal(
    failure(step),
    "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYX" +
      "Rpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0=",
  );
  // the same message at another server
  assert.equal(told(m.start(message, { ...AT, hosts: ["other.example"] })), "Refused");
});

Deno.test("xoauth2 reads and answers as in the examples of its inventor: SASL-17", () => {
  const m = xoauth2({ scope: "https://mail.google.com/", openidConfiguration: "" });
  const message = decodeBase64(
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJ" +
      "oZG1semRHRXVZMjl0Q2cBAQ==",
  );
  assert.ok(message !== null);
  const step = m.start(message, AT);
  assert.deepEqual(told(step), [
    "someuser@example.com",
    "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
  ]);
  assert.equal(
    failure(step),
    "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K",
  );
});

const hints = { scope: "", openidConfiguration: "" };

for (
  const [message, want] of [
    ["n,,\x01auth=Bearer t\x01\x01", ["", "t"]],
    ["y,,\x01auth=bearer   t \x01\x01", ["", "t"]],
    ["n,,\x01host=SERVER.example.com.\x01auth=Bearer t\x01\x01", ["", "t"]],
    ["n,,\x01port=587\x01auth=Bearer t\x01\x01", ["", "t"]],
    ["n,,\x01port=25\x01auth=Bearer t\x01\x01", "Refused"],
    ["n,,\x01host=\x01auth=Bearer t\x01\x01", "Refused"],
    ["n,,\x01auth=Bearer t\x01", "Refused"],
    ["n,,\x01auth=Bearer t", "Refused"],
    ["n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01", "Refused"],
    ["n,,\x01auth=Bearer \x01\x01", "Refused"],
    ["n,,\x01auth=Bearer a b\x01\x01", "Refused"],
    ["n,,\x01auth=MAC t\x01\x01", "Refused"],
    ["n,,\x01\x01", "Refused"],
    ["n,,auth=Bearer t\x01\x01", "Refused"],
    ["\x01auth=Bearer t\x01\x01", "Refused"],
    ["p=tls-exporter,,\x01auth=Bearer t\x01\x01", "Refused"],
    ["n,a=x=y,\x01auth=Bearer t\x01\x01", "Refused"],
    ["", "Refused"],
    ["\xff", "Refused"],
  ] as const
) {
  Deno.test(`oauthBearer takes ${JSON.stringify(message)} for ${JSON.stringify(want)}`, () => { // SASL-15
    assert.deepEqual(told(oauthBearer(hints).start(octets(message), AT)), want);
  });
}

Deno.test("bearer mechanisms and external take any octets, and refuse with their last word", () => {
  const near = fc.string({ unit: fc.constantFrom(..."ny,=au\x01 Bth"), maxLength: 40 }).map(octets);
  const all = [oauthBearer(hints), xoauth2(hints), external];
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.oneof(near, fc.uint8Array()), (m, message) => {
      const step = m.start(message, AT);
      if (step._tag === "Refused" && m !== external) assert.notEqual(failure(step), "");
    }),
    { numRuns: 1_000 },
  );
});
