import assert from "node:assert/strict";
import { type Channel, NO_CHANNEL } from "../../../../lib/sasl/mechanism.ts";
import { CHANNEL, RULES, Session } from "../../../support/session.ts";
import { octets } from "../../../support/octets.ts";

const offer = (channel: Channel): string =>
  new Session(RULES, true, channel).write(octets("EHLO test.example\r\n"))
    .flatMap((line) => /^250[- ]AUTH (.*)/.exec(line)?.[1] ?? []).join("|");

Deno.test("EHLO offers what the connection allows, the strongest first: AUTH-20, SASL-14, SASL-19", () => {
  const always = "SCRAM-SHA-1 PLAIN LOGIN OAUTHBEARER XOAUTH2";
  assert.equal(offer(NO_CHANNEL), `SCRAM-SHA-256 ${always}`);
  assert.equal(
    offer({ ...NO_CHANNEL, endPoint: CHANNEL.endPoint }),
    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN OAUTHBEARER XOAUTH2",
  );
  assert.equal(
    offer({ ...NO_CHANNEL, certificate: "alice@example.net" }),
    `SCRAM-SHA-256 ${always} EXTERNAL`,
  );
});

Deno.test("EHLO offers no mechanism in clear, and more once TLS is up: AUTH-01, AUTH-02", () => {
  const session = new Session(RULES, false, CHANNEL);
  const lines = (text: string) => session.write(octets(text)).join("\n");
  assert.doesNotMatch(lines("EHLO test.example\r\n"), /AUTH/);
  assert.match(lines("AUTH PLAIN AGEAYg==\r\n"), /^530 5\.7\.0 /);
  assert.match(lines("AUTH EXTERNAL =\r\n"), /^530 5\.7\.0 /);
  assert.match(lines("STARTTLS\r\n"), /^220 /);
  assert.match(lines("EHLO test.example\r\n"), /AUTH SCRAM-SHA-256-PLUS .* EXTERNAL$/m);
});
