import assert from "node:assert/strict";
import fc from "fast-check";
import { negative, type Reply } from "../../../../lib/reply/reply.ts";
import * as say from "../../../../lib/reply/catalog.ts";
import { fresh, type Input, type Output, type State } from "../../../../lib/smtp/server/state.ts";
import { lineLimit, step } from "../../../../lib/smtp/server/step.ts";
import { answer, CHANNEL, RULES, Session } from "../../../support/session.ts";
import { octets } from "../../../support/octets.ts";

const LINES = [
  "EHLO test.example",
  "HELO test.example",
  "EHLO",
  `AUTH PLAIN ${btoa("\0alice@example.net\0secret")}`,
  `AUTH PLAIN ${btoa("\0alice@example.net\0wrong")}`,
  "AUTH PLAIN",
  "AUTH LOGIN",
  "AUTH SCRAM-SHA-256",
  `AUTH SCRAM-SHA-1 ${btoa("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")}`,
  btoa(
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  ),
  `AUTH OAUTHBEARER ${btoa("n,,\x01auth=Bearer wrong\x01\x01")}`,
  `AUTH XOAUTH2 ${btoa("user=alice@example.net\x01auth=Bearer good\x01\x01")}`,
  "AUTH EXTERNAL =",
  btoa("\x01"),
  btoa("alice@example.net"),
  btoa("secret"),
  "*",
  "=",
  "MAIL FROM:<alice@example.net>",
  "MAIL FROM:<alice@example.net> SIZE=1 BODY=8BITMIME SMTPUTF8",
  "MAIL FROM:<bob@example.net>",
  "MAIL FROM:<>",
  "MAIL",
  "RCPT TO:<bob@example.org>",
  "RCPT TO:<x@nosuch.example>",
  "RCPT TO:<Postmaster>",
  "RCPT",
  "DATA",
  "BDAT 5",
  "BDAT 5 LAST",
  "BDAT 0 LAST",
  "BDAT 99999",
  "BDAT x",
  "MAIL FROM:<alice@example.net> BODY=BINARYMIME",
  "RCPT TO:<bob@example.org> NOTIFY=NEVER ORCPT=rfc822;x",
  ".",
  "",
  "RSET",
  "NOOP",
  "VRFY x",
  "HELP",
  "STARTTLS",
  "QUIT",
  "FOO",
  "EXPN x",
];

const line: fc.Arbitrary<Input> = fc.record({
  _tag: fc.constant("Line" as const),
  line: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(...LINES).map((text) => ({
        _tag: "Line" as const,
        text,
        ascii: true,
      })),
    },
    fc.string({ unit: "binary", maxLength: 30 }).map((text) => ({
      _tag: "Line" as const,
      text,
      ascii: false,
    })),
    fc.constantFrom("TooLong" as const, "Bare" as const, "BadCharacters" as const).map((_tag) => ({
      _tag,
    })),
  ),
  more: fc.boolean(),
});

/** Also what no driver would feed in that state. */
const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 20, arbitrary: line },
  fc.constantFrom<Input>(
    { _tag: "Answer", reply: say.OK, account: null },
    { _tag: "Answer", reply: say.AUTHENTICATED, account: "alice@example.net" },
    { _tag: "Answer", reply: say.LOCAL_ERROR, account: null },
    { _tag: "Answer", ...answer({ _tag: "Keys", hash: "SHA-256", authcid: "user" }) },
    { _tag: "DataEnd", verdict: "complete" },
    { _tag: "DataEnd", verdict: "spoiled" },
    { _tag: "DataEnd", verdict: "tooBig" },
    { _tag: "DataEnd", verdict: "headerTooBig" },
    { _tag: "TlsUp", channel: CHANNEL },
    { _tag: "Line", line: { _tag: "Flood" }, more: false },
  ),
  {
    weight: 1,
    arbitrary: fc.constantFrom<Input>({ _tag: "Timeout" }, { _tag: "Shutdown" }, {
      _tag: "Defect",
    }),
  },
);

/** What may come behind the reply to a command, since it ends the session. */
const ENDS: ReadonlySet<Reply> = new Set([say.TOO_MANY_ERRORS, say.FRAMING_LOST]);

const sent = (outputs: ReadonlyArray<Output>) =>
  outputs.flatMap((o) => o._tag === "Send" ? [o.reply] : []);

Deno.test("step() is total: no input in any state makes it throw, and Closed is final", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(input, { maxLength: 40 }), (tls, inputs) => {
      let state: State = fresh(tls);
      for (const i of inputs) {
        const before = state;
        const [after, ...outputs] = step(RULES, before, i);
        state = after;
        if (before._tag === "Closed") {
          assert.equal(after._tag, "Closed");
          assert.deepEqual(outputs, []);
        }
        // one reply, and 421 behind it where that ends the session
        const replies = sent(outputs);
        assert.ok(replies.length <= 2);
        if (replies.length === 2) assert.ok(ENDS.has(replies[1]!));
        const closes = outputs.some((o) => o._tag === "Close");
        assert.equal(closes, after._tag === "Closed" && before._tag !== "Closed");
        assert.ok(lineLimit(RULES, after) >= 512);
        // asking and replying exclude each other, and one question is open at most
        const asks = outputs.filter((o) => o._tag === "Ask").length;
        assert.equal(asks, after._tag === "Asking" && before._tag !== "Asking" ? 1 : 0);
        if (asks === 1) assert.equal(replies.length, 0);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("step() answers each command once, keeps the gates, and takes data only of valid recipients", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(line, { maxLength: 60 }), (tls, lines) => {
      let state: State = fresh(tls);
      for (const i of lines) {
        if (state._tag === "Closed") break;
        const said: Array<ReturnType<typeof sent>[number]> = [];
        let next: Input | null = i;
        while (next !== null) {
          const [after, ...outputs] = step(RULES, state, next);
          state = after;
          next = null;
          for (const o of outputs) {
            if (o._tag === "Send") said.push(o.reply);
            if (o._tag === "StartTls") next = { _tag: "TlsUp", channel: CHANNEL };
            if (o._tag === "ReadData" || o._tag === "ReadChunk" || o._tag === "DropData") {
              next = { _tag: "DataEnd", verdict: "complete" };
            }
            if (o._tag !== "Ask") continue;
            // RFC 6409 §4.3: nobody is asked about a message of someone who has not signed in
            if (o.question._tag === "Mail") assert.equal(o.question.account, "alice@example.net");
            if (o.question._tag === "Submit") assert.ok(o.question.envelope.recipients.length > 0);
            next = { _tag: "Answer", ...answer(o.question) };
          }
        }
        const due = said.some((r) => r.code === 354) ? 2 : 1;
        const ended = said.filter((r) => ENDS.has(r)).length;
        assert.equal(said.length - ended, due);
        if (state._tag !== "Closed" && "peer" in state && state.peer.account !== null) {
          assert.equal(state.peer.tls, true); // AUTH-02
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

const signedIn = (): Session => {
  const s = new Session(RULES, true);
  s.write(octets(`EHLO test.example\r\nAUTH PLAIN ${btoa("\0alice@example.net\0secret")}\r\n`));
  return s;
};

for (
  const [what, code] of [["Timeout", "421 4.4.2 "], ["Shutdown", "421 4.3.2 "], [
    "Defect",
    "421 4.3.0 ",
  ]] as const
) {
  Deno.test(`step() answers ${what} with ${code} and closes`, () => { // SMTP-16, SMTP-17
    const s = signedIn();
    const got = s.happens({ _tag: what });
    assert.equal(got.length, 1);
    assert.ok(got[0]?.startsWith(code), got[0] ?? "no reply");
    assert.equal(s.closed, true);
    assert.deepEqual(s.write(octets("NOOP\r\n")), []);
  });
}

Deno.test("step() lets a running end of data finish before it shuts down", () => { // SMTP-16
  const [asking] = step(RULES, dataState(), { _tag: "DataEnd", verdict: "complete" });
  assert.equal(asking._tag, "Asking");
  const [still, ...none] = step(RULES, asking, { _tag: "Shutdown" });
  assert.equal(still, asking);
  assert.deepEqual(none, []);
  const [, ...out] = step(RULES, still, { _tag: "Answer", reply: say.queued("Q1"), account: null });
  assert.deepEqual(sent(out), [say.queued("Q1")]);
});

Deno.test("step() hands the envelope over as MAIL and RCPT gave it", () => {
  const s = signedIn();
  s.write(octets("MAIL FROM:<alice@example.net> BODY=8BITMIME SIZE=42\r\n"));
  s.write(
    octets('RCPT TO:<@a.example:"bob"@example.org>\r\nRCPT TO:<pOSTmaster>\r\nDATA\r\n.\r\n'),
  );
  const submit = s.questions.find((q) => q._tag === "Submit");
  assert.ok(submit?._tag === "Submit");
  assert.equal(submit.account, "alice@example.net");
  const { envelope } = submit;
  assert.deepEqual(
    [envelope.body, envelope.declaredSize, envelope.smtpUtf8, envelope.returnPath?.local],
    ["8BITMIME", 42, false, "alice"],
  );
  assert.deepEqual(
    envelope.recipients.map((r) => `${r.mailbox.local}@${r.mailbox.domain.text}`),
    ["bob@example.org", "postmaster@msa.example.net"],
  );
});

Deno.test("step() closes after idleCommands commands without a message, and a message resets them", () => {
  const s = signedIn();
  const noops = (n: number) => s.write(octets("NOOP\r\n".repeat(n)));
  s.write(octets("MAIL FROM:<alice@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n"));
  assert.equal(noops(100).filter((l) => l.startsWith("250 ")).length, 100);
  s.write(octets("MAIL FROM:<alice@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n"));
  assert.equal(noops(100).filter((l) => l.startsWith("250 ")).length, 100);
  assert.ok(noops(1)[0]?.startsWith("421 4.7.0 ")); // SMTP-18
  assert.equal(s.closed, true);
});

const dataState = (): State => {
  const s = signedIn();
  s.write(octets("MAIL FROM:<alice@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"));
  assert.equal(s.state._tag, "Data");
  return s.state;
};

for (
  const [verdict, want] of [
    ["spoiled", say.BARE_NEWLINE_IN_DATA],
    ["tooBig", say.TOO_BIG],
  ] as const
) {
  Deno.test(`step() refuses ${verdict} data, and the transaction is over`, () => {
    const [state, ...out] = step(RULES, dataState(), { _tag: "DataEnd", verdict });
    assert.deepEqual(sent(out), [want]);
    assert.ok(sent(out).every(negative));
    assert.equal(state._tag, "Ready");
  });
}
