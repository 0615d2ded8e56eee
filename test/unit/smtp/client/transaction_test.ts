import assert from "node:assert/strict";
import fc from "fast-check";
import { login, Machine, mail, session } from "./machine.ts";

const two = { to: ["x@example.org", "y@example.org"] };
const lockstep = "250 hop.test|";

Deno.test("step() pipelines MAIL, RCPT and DATA in one write", () => {
  const m = new Machine().open().deliver(two);
  assert.equal(m.outputs.length, 1);
  assert.equal(
    m.sent(),
    "MAIL FROM:<a@example.net> SIZE=100|RCPT TO:<x@example.org>|RCPT TO:<y@example.org>|DATA|",
  );
});

Deno.test("step() goes in lock-step where PIPELINING is not offered", () => {
  const m = new Machine().open(lockstep).deliver(two);
  const said = [m.sent()];
  for (const r of ["250 a|", "250 b|", "250 c|"]) said.push(m.hear(r).sent());
  assert.deepEqual(said, [
    "MAIL FROM:<a@example.net>|",
    "RCPT TO:<x@example.org>|",
    "RCPT TO:<y@example.org>|",
    "DATA|",
  ]);
  assert.ok(m.hear("354 go|").has("SendContent"));
});

Deno.test("step() gives every recipient the final reply", () => {
  const m = new Machine().open().deliver(two).hear("250 a|250 b|250 c|354 go|")
    .input({ _tag: "ContentSent" }).hear("250 2.6.0 kept|");
  assert.deepEqual(m.verdicts, ["accepted 2.6.0 250 2.6.0 kept", "accepted 2.6.0 250 2.6.0 kept"]);
  assert.equal(m.state._tag, "Ready");
});

Deno.test("step() keeps the verdict of a refused recipient apart", () => {
  const m = new Machine().open().deliver(two).hear("250 a|550 5.1.1 who|250 c|354 go|")
    .input({ _tag: "ContentSent" }).hear("250 kept|");
  assert.deepEqual(m.verdicts, ["permanent 5.1.1 550 5.1.1 who", "accepted 2.0.0 250 kept"]);
});

Deno.test("step() sends a lone dot where DATA is let through without a recipient", () => {
  const m = new Machine().open().deliver().hear("250 a|550 who|354 go|");
  assert.ok(!m.has("SendContent"));
  assert.ok(m.sent().endsWith("DATA|.|"));
  m.hear("554 nobody|");
  assert.deepEqual(m.verdicts, ["permanent 5.1.1 550 who"]);
  assert.equal(m.state._tag, "Ready");
});

Deno.test("step() sends no DATA in lock-step without a recipient, and RSET before the next. HOP-10, HOP-16", () => {
  const m = new Machine().open(lockstep).deliver().hear("250 a|").hear("550 who|");
  assert.deepEqual(m.verdicts, ["permanent 5.1.1 550 who"]);
  assert.ok(!m.sent().includes("DATA"));
  assert.equal(m.deliver().sent(), "RSET|");
  assert.equal(m.hear("250 ok|").sent(), "MAIL FROM:<a@example.net>|");
});

Deno.test("step() puts RSET into the pipelined group after a refused DATA", () => {
  const m = new Machine().open().deliver().hear("250 a|250 b|451 4.3.0 no|");
  assert.deepEqual(m.verdicts, ["temporary 4.3.0 451 4.3.0 no"]);
  m.sent();
  assert.ok(m.deliver().sent().startsWith("RSET|MAIL "));
});

Deno.test("step() gives all recipients the refusal of MAIL, whatever follows it", () => {
  const m = new Machine().open().deliver(two).hear("550 5.7.1 not you|250 b|250 c|354 go|").hear(
    "250 hm|",
  );
  assert.deepEqual(m.verdicts, [
    "permanent 5.7.1 550 5.7.1 not you",
    "permanent 5.7.1 550 5.7.1 not you",
  ]);
  assert.ok(!m.has("SendContent"));
});

for (
  const c of [
    { name: "452 without an enhanced code", reply: "452 many", want: "later 4.5.3" },
    { name: "452 4.5.3", reply: "452 4.5.3 many", want: "later 4.5.3" },
    { name: "552 without an enhanced code", reply: "552 many", want: "later 4.5.3" },
    { name: "552 5.5.3", reply: "552 5.5.3 many", want: "later 4.5.3" },
    { name: "552 of a full mailbox", reply: "552 5.2.2 full", want: "permanent 5.2.2" },
    { name: "452 of a full disk", reply: "452 4.3.1 disk", want: "temporary 4.3.1" },
    { name: "an unknown 5yz", reply: "599 eh", want: "permanent 5.0.0" },
    { name: "an unknown 4yz", reply: "477 eh", want: "temporary 4.0.0" },
    { name: "an enhanced code of the wrong class", reply: "550 4.2.2 eh", want: "permanent 5.1.1" },
    { name: "354 where none was due", reply: "354 eh", want: "temporary 4.5.0" },
  ]
) {
  Deno.test(`step() judges ${c.name} to RCPT as ${c.want}. HOP-12, HOP-14`, () => {
    const m = new Machine().open().deliver(two).hear(`250 a|${c.reply}|250 c|354 go|`)
      .input({ _tag: "ContentSent" }).hear("250 kept|");
    assert.ok(m.verdicts?.[0]?.startsWith(`${c.want} `), String(m.verdicts));
  });
}

Deno.test("step() keeps what a lost connection had not settled temporary. HOP-13", () => {
  const m = new Machine().open().deliver(two).hear("250 a|550 5.1.1 who|250 c|354 go|")
    .input({ _tag: "ContentSent" }, { _tag: "Lost", reason: "" });
  assert.deepEqual(m.verdicts, [
    "permanent 5.1.1 550 5.1.1 who",
    "temporary 4.4.2 Connection lost",
  ]);
});

for (const after of ["", "250 a|", "250 a|250 b|", "250 a|250 b|250 c|"]) {
  Deno.test(`step() ends on 421 after ${JSON.stringify(after)}`, () => {
    const m = new Machine().open().deliver(two).hear(`${after}421 4.3.2 stop|`);
    assert.deepEqual(m.verdicts, Array(2).fill("temporary 4.3.2 421 4.3.2 stop"));
    assert.equal(m.state._tag, "Closed");
  });
}

Deno.test("step() gives the time-out to whoever has no answer", () => {
  const m = new Machine().open().deliver().hear("250 a|").input({ _tag: "Timeout" });
  assert.deepEqual(m.verdicts, ["temporary 4.4.2 Server did not answer in time"]);
});

Deno.test("step() closes where the server answers amid the content", () => {
  const m = new Machine().open().deliver().hear("250 a|250 b|354 go|").hear("552 5.3.4 big|");
  assert.deepEqual(m.verdicts, ["permanent 5.3.4 552 5.3.4 big"]);
  assert.equal(m.state._tag, "Closed");
});

Deno.test("step() does not believe a 250 that comes before the content was sent", () => {
  const m = new Machine().open().deliver().hear("250 a|250 b|354 go|").hear("250 kept|");
  assert.ok(m.verdicts?.[0]?.startsWith("temporary 4.5.0"));
});

const local = [
  { name: "too big a message", mail: { size: 1001 }, want: "permanent 5.3.4" },
  { name: "8-bit content without 8BITMIME", mail: { eightBit: true }, want: "permanent 5.6.3" },
  {
    name: "an internationalised return path",
    mail: { utf8: "address", from: "gr\u00fcn@example.net" },
    want: "permanent 5.6.7",
  },
  {
    name: "an internationalised recipient",
    mail: { utf8: "address", to: ["gr\u00fcn@example.org"] },
    want: "permanent 5.6.7",
  },
  { name: "an internationalised header", mail: { utf8: "header" }, want: "permanent 5.6.9" },
] as const;
for (const c of local) {
  Deno.test(`step() fails ${c.name} without a word to the hop`, () => {
    const m = new Machine().open("250-x|250 SIZE 1000|").deliver(c.mail);
    assert.ok(m.verdicts?.[0]?.startsWith(c.want));
    assert.equal(m.sent(), "");
    assert.equal(m.state._tag, "Ready");
  });
}

Deno.test("step() says on MAIL what the message needs and the hop offers", () => {
  const m = new Machine().open("250-x|250-8BITMIME|250-SMTPUTF8|250 SIZE|")
    .deliver({ from: "", eightBit: true, utf8: "header" });
  assert.equal(m.sent(), "MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8|");
});

Deno.test("step() says AUTH=<> on MAIL where it signed in: AUTH-17", () => {
  const m = new Machine({ ...session, tls: "verified", credentials: login })
    .hear("220 x|").hear("250-x|250 AUTH PLAIN|").hear("235 hello|");
  m.sent();
  assert.equal(m.deliver().sent(), "MAIL FROM:<a@example.net> AUTH=<>|");
});

Deno.test("step() stays within RCPTMAX and leaves the rest for later", () => {
  const m = new Machine().open("250-x|250-PIPELINING|250 LIMITS RCPTMAX=1|").deliver(two);
  assert.equal(m.sent(), "MAIL FROM:<a@example.net>|RCPT TO:<x@example.org>|DATA|");
  m.hear("250 a|250 b|354 go|").input({ _tag: "ContentSent" }).hear("250 kept|");
  assert.deepEqual(m.verdicts?.map((v) => v.split(" ")[0]), ["accepted", "later"]);
});

const lmtp = () => new Machine({ ...session, protocol: "LMTP" }).open();
const three = { to: ["x@example.org", "y@example.org", "z@example.org"] };

Deno.test("step() reads one LMTP reply per accepted recipient. HOP-16", () => {
  const m = lmtp().deliver(three).hear("250 a|250 b|550 5.1.1 who|250 d|354 go|")
    .input({ _tag: "ContentSent" }).hear("250 2.0.0 kept|").hear("452 4.2.2 full|");
  assert.deepEqual(m.verdicts, [
    "accepted 2.0.0 250 2.0.0 kept",
    "permanent 5.1.1 550 5.1.1 who",
    "temporary 4.2.2 452 4.2.2 full",
  ]);
});

Deno.test("step() lets the LMTP replies count that came before the link was lost", () => {
  const m = lmtp().deliver(three).hear("250 a|250 b|250 c|250 d|354 go|")
    .input({ _tag: "ContentSent" }).hear("250 2.0.0 kept|").input({ _tag: "Lost", reason: "" });
  assert.deepEqual(m.verdicts?.map((v) => v.split(" ")[0]), ["accepted", "temporary", "temporary"]);
});

Deno.test("step() ends every transaction with one verdict per recipient, whatever is answered", () => {
  const line = fc.constantFrom(
    "250 x|",
    "354 x|",
    "421 x|",
    "450 x|",
    "452 x|",
    "550 x|",
    "250-x|250 y|",
    "?|",
  );
  const ends = fc.constantFrom("Lost", "Timeout");
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(line, { maxLength: 12 }),
      ends,
      (isLmtp, pipelined, n, wire, end) => {
        const m = new Machine({ ...session, protocol: isLmtp ? "LMTP" : "SMTP" })
          .open(pipelined ? "250-x|250 PIPELINING|" : lockstep)
          .deliver({ to: Array.from({ length: n }, (_, i) => `r${i}@example.org`) });
        for (const w of wire) {
          m.hear(w);
          if (m.has("SendContent") && !m.has("Finished")) m.input({ _tag: "ContentSent" });
          if (m.has("Finished")) break;
        }
        m.input(end === "Lost" ? { _tag: "Lost", reason: "" } : { _tag: "Timeout" });
        assert.equal(m.outputs.filter((o) => o._tag === "Finished").length, 1);
        assert.equal(m.verdicts?.length, n);
        // nothing is called delivered unless the content was asked for
        const delivered = m.verdicts.some((v) => v.startsWith("accepted"));
        assert.ok(!delivered || m.has("SendContent"));
        assert.equal(m.state._tag, "Closed");
      },
    ),
    { numRuns: 5000 },
  );
});

const next = { from: "b@example.net" };
const NEXT = "MAIL FROM:<b@example.net> SIZE=100|RCPT TO:<x@example.org>|DATA|";
const underway = () => new Machine().open().deliver().hear("250 a|250 b|");

Deno.test("EXT-PIPE-2: step() sends the next message's commands behind the content, RFC 2920 §3.1", () => {
  const m = underway().deliver(next);
  m.outputs.length = 0;
  m.hear("354 go|");
  assert.deepEqual(m.outputs.map((o) => o._tag), ["SendContent"]);
  assert.equal(m.input({ _tag: "ContentSent" }).sent(), NEXT);
  assert.deepEqual(m.hear("250 kept|").verdicts, ["accepted 2.0.0 250 kept"]);
  assert.ok(m.hear("250 a|250 b|354 go|").has("SendContent"));
  m.input({ _tag: "ContentSent" }).hear("250 kept too|");
  assert.deepEqual(m.verdicts, ["accepted 2.0.0 250 kept too"]);
  assert.equal(m.state._tag, "Ready");
});

Deno.test("step() sends the next message's commands at once where the content is out already", () => {
  const m = underway().hear("354 go|").input({ _tag: "ContentSent" });
  m.outputs.length = 0;
  assert.equal(m.deliver(next).sent(), NEXT);
});

Deno.test("step() keeps the verdicts of two messages in a group apart", () => {
  const m = underway().deliver(next).hear("354 go|").input({ _tag: "ContentSent" });
  m.hear("550 5.7.1 not this one|");
  assert.deepEqual(m.verdicts, ["permanent 5.7.1 550 5.7.1 not this one"]);
  m.hear("250 a|550 5.1.1 who|503 no|");
  assert.deepEqual(m.verdicts, ["permanent 5.1.1 550 5.1.1 who"]);
});

for (
  const c of [
    { name: "in lock-step", ehlo: lockstep, mail: next, starts: "MAIL FROM:<b@example.net>|" },
    { name: "where it is too big", ehlo: undefined, mail: { size: 2000 }, starts: "" },
  ]
) {
  Deno.test(`step() begins the next message when this one is over: ${c.name}`, () => {
    const m = new Machine().open(c.ehlo).deliver().deliver(c.mail);
    for (const r of ["250 a|", "250 b|", "354 go|"]) m.hear(r);
    m.outputs.length = 0;
    assert.equal(m.input({ _tag: "ContentSent" }).sent(), "");
    m.hear("250 kept|");
    const finished = m.outputs.filter((o) => o._tag === "Finished").length;
    assert.equal(finished, c.starts === "" ? 2 : 1);
    assert.equal(m.sent(), c.starts);
  });
}

Deno.test("step() puts RSET before a message that follows one without data", () => {
  const m = underway().deliver(next);
  m.outputs.length = 0;
  assert.equal(m.hear("451 later|").sent(), `RSET|${NEXT}`);
});

Deno.test("step() finishes one message alone where the connection ends between two", () => {
  const m = underway().deliver(next).hear("354 go|").input({ _tag: "ContentSent" });
  m.hear("421 4.3.2 closing|");
  assert.equal(m.outputs.filter((o) => o._tag === "Finished").length, 1);
  assert.equal(m.state._tag, "Closed");
});

/** The next message tries it, or does it, behind one whose content is out. */
const behind = (how: "wait" | "try" | "go") => {
  const m = underway().input({ _tag: "Deliver", mail: { ...mail, ...next }, behind: how });
  m.hear("354 go|");
  m.outputs.length = 0;
  m.input({ _tag: "ContentSent" });
  return m;
};
const REFUSED = "503 5.5.1 pipelined|";
const told = (m: Machine) =>
  m.outputs.flatMap((o) =>
    o._tag === "Finished"
      ? [`${o.again === true ? "again" : "over"} ${o.verdicts.map((v) => v.kind).join()}`]
      : o._tag === "Ahead"
      ? [o.taken ? "takes it" : "refuses it"]
      : []
  );

Deno.test("step() sends nothing behind the content where it is to wait", () => {
  const m = behind("wait");
  assert.equal(m.sent(), "");
  assert.equal(m.hear("250 kept|").sent(), NEXT);
  // it was not sent ahead: its refusals count
  assert.deepEqual(m.hear("550 5.7.1 no|250 b|354 go|250 hm|").verdicts, [
    "permanent 5.7.1 550 5.7.1 no",
  ]);
});

for (
  const [name, how, wire, want] of [
    ["takes it", "try", "250 kept|250 a|250 b|354 go|", ["over accepted", "takes it"]],
    ["took it before", "go", "250 kept|250 a|250 b|354 go|", ["over accepted"]],
    [
      "refuses each command",
      "try",
      `250 kept|${REFUSED.repeat(3)}`,
      ["over accepted", "again temporary", "refuses it"],
    ],
    [
      "refuses by a code of its own",
      "try",
      "250 kept|554 5.5.0 no|",
      ["over accepted", "again temporary", "refuses it"],
    ],
    [
      "refuses what it took before",
      "go",
      `250 kept|${REFUSED}`,
      ["over accepted", "again temporary", "refuses it"],
    ],
    [
      "hears half of it",
      "try",
      `250 kept|250 a|${REFUSED}`,
      ["over accepted", "again temporary", "refuses it"],
    ],
    [
      "hears all but DATA",
      "go",
      `250 kept|250 a|250 b|${REFUSED}`,
      ["over accepted", "again temporary", "refuses it"],
    ],
    [
      "says 421 to it",
      "try",
      "250 kept|421 4.7.0 enough|",
      ["over accepted", "again temporary", "refuses it"],
    ],
    ["refuses a recipient on trial", "try", "250 kept|250 a|550 5.1.1 who|", [
      "over accepted",
      "again temporary",
    ]],
    [
      "refuses the message that it followed, and takes it",
      "try",
      "550 5.7.1 spam|250 a|250 b|354 |",
      [
        "again temporary",
        "takes it",
      ],
    ],
    ["says 421 to the message that it followed", "try", "421 4.7.0 no|", [
      "over temporary",
      "refuses it",
    ]],
  ] as const
) {
  Deno.test(`step() learns what a server does that ${name} (${how}): HOP-12, EXT-PIPE-2`, () => {
    assert.deepEqual(told(behind(how).hear(wire)), want);
  });
}

for (
  const [name, how, wire, want] of [
    ["a sender of a proven server", "go", "250 kept|550 5.7.1 no|250 b|354 go|250 |", "permanent"],
    ["a recipient of a proven server", "go", "250 kept|250 a|550 5.1.1 who|503 no|", "permanent"],
    ["a message that another followed", "go", "550 5.7.1 spam|", "permanent"],
  ] as const
) {
  Deno.test(`step() believes the refusal of ${name}`, () => {
    const m = behind(how).hear(wire);
    assert.ok(m.verdicts?.[0]?.startsWith(want), String(m.verdicts));
    assert.ok(!told(m).some((t) => t.startsWith("again")), String(told(m)));
  });
}

for (const input of [{ _tag: "Timeout" }, { _tag: "Lost", reason: "" }] as const) {
  Deno.test(`step() sends again what was tried and never answered: ${input._tag}`, () => {
    const m = behind("try").hear("250 kept|");
    m.outputs.length = 0;
    assert.deepEqual(told(m.input(input)), ["again temporary", "refuses it"]);
  });
}
