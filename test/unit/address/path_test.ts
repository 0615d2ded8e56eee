import assert from "node:assert/strict";
import fc from "fast-check";
import { printMailbox } from "../../../lib/address/mailbox.ts";
import { parseMailbox, readPath } from "../../../lib/address/path.ts";

/** The path in short: its mailbox printed, or its tag; then what follows it. */
const read = (s: string, utf8 = false): string => {
  const p = readPath(s, utf8);
  if (p._tag === "Invalid") return "Invalid";
  return `${p._tag === "Mailbox" ? printMailbox(p.mailbox) : p._tag}|${p.rest}`;
};

const D61 = "d".repeat(61);
/** 189 octets. */
const D189 = `${D61}.${D61}.${D61}.abc`;

for (
  const [path, want] of [
    ["<bob@example.org>", "bob@example.org|"],
    ["  <bob@example.org> SIZE=1", "bob@example.org| SIZE=1"], // SMTP-23
    ["<bob@example.org>SIZE=1", "bob@example.org|SIZE=1"],
    ["<>", "Null|"],
    ["<> BODY=7BIT", "Null| BODY=7BIT"],
    ["<Postmaster>", "Postmaster|"],
    ["<pOSTMASTER> X", "Postmaster| X"],
    ["bob@example.org", "Invalid"], // SMTP-23
    ["", "Invalid"],
    ["<", "Invalid"],
    ["<bob@example.org", "Invalid"],
    ["< bob@example.org>", "Invalid"],
    ["<bob@example.org >", "Invalid"],
    ["<bob>", "Invalid"],
    ["<@example.org>", "Invalid"],
    ["<bob@>", "Invalid"],
    ["<bob@@example.org>", "Invalid"],
    ["<.bob@example.org>", "Invalid"],
    ["<bob.@example.org>", "Invalid"],
    ["<b..ob@example.org>", "Invalid"],
    ["<b ob@example.org>", "Invalid"],
    ["<b(c)@example.org>", "Invalid"],
    ["<bob@a_b.example>", "Invalid"], // SMTP-27
    ["<bob@[300.1.1.1]>", "Invalid"],
    ["<bob@[192.0.2.1]>", "bob@[192.0.2.1]|"],
    ["<bob@[192.0.2.1>", "Invalid"],
    ["<bob@[192.0.2.1]x>", "Invalid"],
    // SMTP-26
    ['<"bob"@example.org>', "bob@example.org|"],
    ['<"b\\ob"@example.org>', "bob@example.org|"],
    ['<"b ob"@example.org>', '"b ob"@example.org|'],
    ['<"b>ob"@example.org> X', '"b>ob"@example.org| X'],
    ['<""@example.org>', "Invalid"],
    ['<"bob@example.org>', "Invalid"],
    ['<"bob"x@example.org>', "Invalid"],
    ['<"b\tob"@example.org>', "Invalid"],
    ['<"b\\\tob"@example.org>', "Invalid"],
    // SMTP-25
    ["<@a.example:bob@example.org>", "bob@example.org|"],
    ["<@a.example,@b.example:bob@example.org>", "bob@example.org|"],
    ["<@[192.0.2.1]:bob@example.org>", "bob@example.org|"],
    ["<@a.example,:bob@example.org>", "Invalid"],
    ["<@a.example,b.example:bob@example.org>", "Invalid"],
    ["<@a.example bob@example.org>", "Invalid"],
    ["<@a_b.example:bob@example.org>", "Invalid"],
    ["<@a.example:>", "Invalid"],
    ["<@a.example:Postmaster>", "Invalid"],
    // SMTP-21
    [`<${"a".repeat(64)}@example.org>`, `${"a".repeat(64)}@example.org|`],
    [`<${"a".repeat(65)}@example.org>`, "Invalid"],
    [`<${"a".repeat(64)}@${D189}>`, `${"a".repeat(64)}@${D189}|`], // path of 256
    [`<${"a".repeat(64)}@${D189}d>`, "Invalid"],
    [`<a@${"d.".repeat(128)}example>`, "Invalid"],
  ] as const
) {
  Deno.test(`readPath() reads ${path.slice(0, 60)} as ${want.slice(0, 60)}`, () => {
    assert.equal(read(path), want);
    // a local part with quotes, or without, means the same with SMTPUTF8
    assert.equal(read(path, true), want);
  });
}

// EXT-UTF-2
for (
  const [path, without, with_] of [
    ["<grün@example.org>", "NeedsUtf8|", "grün@example.org|"],
    ["<bob@grün.example> X", "NeedsUtf8| X", "bob@grün.example| X"],
    ["<bob@xn--grn-ioa.example>", "bob@xn--grn-ioa.example|", "bob@xn--grn-ioa.example|"],
    ['<"grün x"@example.org>', "NeedsUtf8|", '"grün x"@example.org|'],
    ["<@grün.example:bob@example.org>", "NeedsUtf8|", "bob@example.org|"],
    ["<bob@gr\u00ad.example>", "Invalid", "Invalid"],
    ["<bob@ü@é.example>", "Invalid", "Invalid"],
    ["<bob@xn--a.example>", "Invalid", "Invalid"],
    [`<${"ü".repeat(32)}@example.org>`, "NeedsUtf8|", `${"ü".repeat(32)}@example.org|`],
    [`<${"ü".repeat(33)}@example.org>`, "Invalid", "Invalid"], // 66 octets
  ] as const
) {
  Deno.test(`readPath() without and with SMTPUTF8: ${path.slice(0, 60)}`, () => {
    assert.equal(read(path, false), without);
    assert.equal(read(path, true), with_);
  });
}

Deno.test("parseMailbox() takes a mailbox and nothing around it", () => {
  assert.equal(parseMailbox("bob@example.org")?.local, "bob");
  for (
    const text of [
      "<bob@example.org>",
      "bob@example.org ",
      " bob@example.org",
      "bob",
      "",
      "bob@example.org>",
      "bob@example.org,",
    ]
  ) {
    assert.equal(parseMailbox(text), null, text);
  }
});

Deno.test("readPath() takes any text, and its rest is the end of what came", () => {
  const near = fc.array(
    fc.constantFrom(
      "<",
      ">",
      "@",
      ":",
      ",",
      '"',
      "\\",
      ".",
      " ",
      "[",
      "]",
      "a",
      "example",
      "ü",
      "\0",
      "IPv6:",
      "1",
    ),
    { maxLength: 16 },
  ).map((p) => `<${p.join("")}`);
  fc.assert(
    fc.property(
      fc.oneof(near, fc.string({ unit: "binary", maxLength: 60 })),
      fc.boolean(),
      (s, utf8) => {
        const p = readPath(s, utf8);
        if (p._tag !== "Invalid") assert.ok(s.endsWith(p.rest));
        if (p._tag === "Mailbox") {
          assert.deepEqual(parseMailbox(printMailbox(p.mailbox)), p.mailbox);
        }
        parseMailbox(s);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("readPath() takes time in proportion to a long text", () => {
  const routes = `<${"@a.example,".repeat(20_000)}@a.example:bob@example.org>`;
  const quoted = `<"${"\\a".repeat(100_000)}"@example.org>`;
  const before = performance.now();
  assert.equal(read(routes), "Invalid");
  assert.equal(read(quoted), "Invalid");
  assert.ok(performance.now() - before < 2_000);
});
