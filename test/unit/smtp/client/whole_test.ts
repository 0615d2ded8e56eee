import assert from "node:assert/strict";
import fc from "fast-check";
import { Machine } from "./machine.ts";

const both = { to: ["x@example.org", "y@example.org"], whole: true } as const;
const lockstep = "250 hop.test|";
const COMMANDS =
  "MAIL FROM:<a@example.net> SIZE=100|RCPT TO:<x@example.org>|RCPT TO:<y@example.org>|";
const HELD = "temporary 4.5.0 Not sent, since another recipient was not taken";

Deno.test("step() keeps DATA back until all recipients are taken, where it goes to all or none", () => {
  const m = new Machine().open().deliver(both);
  assert.equal(m.sent(), COMMANDS);
  assert.equal(m.hear("250 a|250 b|").sent(), "");
  assert.equal(m.hear("250 c|").sent(), "DATA|");
  m.hear("354 go|").input({ _tag: "ContentSent" }).hear("250 2.6.0 kept|");
  assert.deepEqual(m.verdicts, Array(2).fill("accepted 2.6.0 250 2.6.0 kept"));
});

for (const ehlo of ["250-hop.test|250 PIPELINING|", lockstep]) {
  Deno.test(`step() sends nothing to half of them, after ${ehlo}`, () => {
    const m = new Machine().open(ehlo).deliver(both).hear("250 a|550 5.1.1 who|250 c|");
    assert.ok(!m.sent().includes("DATA"));
    assert.equal(m.state._tag, "Ready");
    assert.match(m.deliver().sent(), /^RSET\|/);
  });
}

Deno.test("step() says who was refused and who was only held back", () => {
  const m = new Machine().open().deliver(both).hear("250 a|550 5.1.1 who|250 c|");
  assert.deepEqual(m.verdicts, ["permanent 5.1.1 550 5.1.1 who", HELD]);
});

Deno.test("step() lets one recipient go in one write, as ever", () => {
  const m = new Machine().open().deliver({ whole: true });
  assert.equal(m.sent(), "MAIL FROM:<a@example.net> SIZE=100|RCPT TO:<x@example.org>|DATA|");
});

Deno.test("step() gives all of them the refusal of MAIL", () => {
  const m = new Machine().open().deliver(both).hear("451 4.7.1 later|503 b|503 c|");
  assert.deepEqual(m.verdicts, Array(2).fill("temporary 4.7.1 451 4.7.1 later"));
});

const replies = fc.array(
  fc.constantFrom("250 2.0.0 a", "550 5.1.1 b", "450 4.2.0 c", "452 4.5.3 d", "354 e", "421 f"),
  { minLength: 1, maxLength: 8 },
);

Deno.test("step() takes nobody where not all are taken, whatever the server says", () => {
  fc.assert(
    fc.property(replies, fc.boolean(), fc.integer({ min: 2, max: 4 }), (said, pipelining, n) => {
      const to = Array.from({ length: n }, (_, i) => `r${i}@example.org`);
      const m = new Machine().open(pipelining ? "250-hop.test|250 PIPELINING|" : lockstep);
      m.deliver({ to, whole: true });
      let sent = false;
      for (const reply of said) {
        m.hear(`${reply}|`);
        if (!sent && m.has("SendContent")) {
          sent = true;
          m.input({ _tag: "ContentSent" });
        }
      }
      const accepted = (m.verdicts ?? []).filter((v) => v.startsWith("accepted"));
      assert.ok(accepted.length === 0 || accepted.length === n);
      if (accepted.length > 0) assert.ok(sent);
    }),
  );
});
