import assert from "node:assert/strict";
import { type About, aboutOf, type Asked } from "../../../../lib/smtp/client/meaning.ts";
import { judge } from "../../../../lib/smtp/client/verdict.ts";

const TRANSACTION = ["MAIL", "RCPT", "DATA", "FINAL"] as const;

/** Reply, commands, what it is about, what comes of it. */
const TABLE: ReadonlyArray<readonly [string, ReadonlyArray<Asked>, About, string]> = [
  ["530 5.7.0 Must issue a STARTTLS command first", TRANSACTION, "login", "temporary 4.7.8"],
  ["530 5.7.57 Client was not authenticated", TRANSACTION, "login", "temporary 4.7.8"],
  ["530 Authentication required", TRANSACTION, "login", "temporary 4.7.8"],
  ["534 5.7.9 too weak", TRANSACTION, "login", "temporary 4.7.8"],
  ["535 5.7.8 bad credentials", TRANSACTION, "login", "temporary 4.7.8"],
  ["538 5.7.11 encryption required", TRANSACTION, "login", "temporary 4.7.8"],
  ["503 5.7.0 authenticate first", TRANSACTION, "login", "temporary 4.7.8"],
  ["432 4.7.12 a new password", TRANSACTION, "login", "temporary 4.7.8"],
  ["454 4.7.0 not now", TRANSACTION, "login", "temporary 4.7.8"],
  ["454 not now", TRANSACTION, "login", "temporary 4.7.8"],
  // Postfix to a stranger while its operator tries it out
  ["454 4.7.1 Relay access denied", ["RCPT"], "message", "temporary 4.7.1"],
  ["454 4.3.0 something", ["FINAL"], "message", "temporary 4.3.0"],
  // Haraka
  ["503 Bad sequence of commands", TRANSACTION, "session", "temporary 4.5.0"],
  ["503 5.5.1 Nested MAIL command", TRANSACTION, "session", "temporary 4.5.1"],
  ["500 5.5.2 Command unrecognized", TRANSACTION, "session", "temporary 4.5.2"],
  ["502 5.5.1 not implemented", TRANSACTION, "session", "temporary 4.5.1"],
  // Postfix on our own EHLO name
  ["504 5.5.2 <msa>: Helo command rejected", ["MAIL", "RCPT"], "session", "temporary 4.5.2"],
  ["500 5.1.3 bad address", ["RCPT"], "message", "permanent 5.1.3"],
  ["501 5.1.3 Bad recipient address syntax", ["RCPT"], "message", "permanent 5.1.3"],
  ["501 bad address", ["MAIL", "RCPT"], "message", "permanent 5.5.0"],
  ["501 5.5.4 no argument allowed", ["DATA", "FINAL"], "session", "temporary 4.5.4"],
  ["501 5.6.0 bad header", ["FINAL"], "message", "permanent 5.6.0"],
  ["554 5.3.2 not accepting messages", TRANSACTION, "session", "temporary 4.3.2"],
  ["521 5.3.2 no mail here", ["MAIL"], "message", "permanent 5.3.2"],
  ["554 5.7.1 blocked", TRANSACTION, "message", "permanent 5.7.1"],
  ["554 transaction failed", TRANSACTION, "message", "permanent 5.0.0"],
  ["550 5.1.1 no such user", ["RCPT"], "message", "permanent 5.1.1"],
  ["550 5.5.0 mailbox unavailable", ["RCPT", "FINAL"], "message", "permanent 5.5.0"],
  ["552 5.3.4 too big", ["MAIL", "FINAL"], "message", "permanent 5.3.4"],
  ["553 5.1.8 sender domain", ["MAIL"], "message", "permanent 5.1.8"],
  ["555 5.5.4 parameter", ["MAIL", "RCPT"], "message", "permanent 5.5.4"],
  ["421 4.7.0 too many", TRANSACTION, "session", "temporary 4.7.0"],
  ["421 bye", TRANSACTION, "session", "temporary 4.3.2"],
  ["451 4.7.1 greylisted", TRANSACTION, "message", "temporary 4.7.1"],
  // before a transaction whoever chose the host has a say, see `reach`
  ["554 no service", ["greeting", "EHLO"], "message", "permanent 5.0.0"],
  ["530 no", ["greeting", "EHLO"], "message", "permanent 5.7.0"],
];

for (const [text, commands, about, want] of TABLE) {
  for (const asked of commands) {
    Deno.test(`aboutOf() and judge(): ${text} to ${asked} is about the ${about}: ${want}`, () => {
      const code = Number(text.slice(0, 3));
      const line = text.slice(4);
      const [first = ""] = line.split(" ");
      const enhanced = /^[245]\.\d+\.\d+$/.test(first) ? first : null;
      assert.equal(aboutOf(code, asked, enhanced), about);
      const { kind, status, remote } = judge({ code, lines: [line] }, asked);
      assert.equal(`${kind} ${status}`, want);
      assert.ok(remote);
    });
  }
}

Deno.test("judge() takes what is accepted for accepted, whatever the command", () => {
  for (const asked of TRANSACTION) {
    assert.equal(judge({ code: 250, lines: ["2.0.0 ok"] }, asked).kind, "accepted");
  }
});
