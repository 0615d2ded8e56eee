import assert from "node:assert/strict";
import fc from "fast-check";
import { printMailbox } from "../../../lib/address/mailbox.ts";
import { printAddress } from "../../../lib/message/address.ts";
import { type AddressList, parseAddressList } from "../../../lib/message/address_list.ts";

const list = (value: string): AddressList => {
  const l = parseAddressList(value, 1000);
  if (typeof l === "string") assert.fail(`${JSON.stringify(value)}: ${l}`);
  return l;
};

/** What is read, printed in current syntax; `!` where the input was obsolete. */
const shown = (value: string): string => {
  const l = list(value);
  return `${l.obsolete ? "! " : ""}${l.addresses.map(printAddress).join(", ")}`;
};

for (
  const [value, want] of [
    ["", ""],
    [" (nobody) ", ""],
    ["a@b.example", "a@b.example"],
    ["Bob <a@b.example>", "Bob <a@b.example>"],
    ["<a@b.example>", "a@b.example"],
    ['"Smith, J" <a@b.example>', '"Smith, J" <a@b.example>'],
    ['"a \\"b\\" c" <a@b.example>', '"a \\"b\\" c" <a@b.example>'],
    ["a@b.example (Bob (the) \\) builder)", "a@b.example"],
    ["Bob (x) Builder <a@b.example>", "Bob Builder <a@b.example>"],
    ["Bob\r\n\tBuilder <a@b.example>", "Bob Builder <a@b.example>"],
    ["=?utf-8?Q?B=C3=B6b?= <a@b.example>", "=?utf-8?Q?B=C3=B6b?= <a@b.example>"],
    ["=?utf-8?Q?J._B?= X <a@b.example>", "=?utf-8?Q?J._B?= X <a@b.example>"],
    ['"a b"@c.example', '"a b"@c.example'],
    ['"ab"@c.example', "ab@c.example"],
    ["a@[192.0.2.1]", "a@[192.0.2.1]"],
    ["a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"],
    ["a (x) @ (y) b.example", "a@b.example"],
    ["Group: a@b.example, C <c@d.example>;", "Group: a@b.example, C <c@d.example>;"],
    ["undisclosed-recipients:;", "undisclosed-recipients:;"],
    ["G: ; , a@b.example", "G:;, a@b.example"],
    ["Jörg <jörg@bücher.example>", "Jörg <jörg@bücher.example>"],
    // obsolete, RFC 5322 §4.4
    ["<@r.example:a@b.example>", "! a@b.example"],
    ["<@r.example,@s.example:a@b.example>", "! a@b.example"],
    ["a . b @ c . example", "! a.b@c.example"],
    ["a.(x)b@c.example", "! a.b@c.example"],
    ['"a"."b"@c.example', "! a.b@c.example"],
    [",a@b.example,,c@d.example,", "! a@b.example, c@d.example"],
    ["G:,a@b.example,;", "! G: a@b.example;"],
    ["John Q. Public <a@b.example>", '! "John Q. Public" <a@b.example>'],
    ["=?utf-8?Q?J?= Q. X <a@b.example>", '! =?utf-8?Q?J?= "Q." X <a@b.example>'],
  ] as const
) {
  Deno.test(`parseAddressList() reads ${JSON.stringify(value)}`, () => {
    assert.equal(shown(value), want);
  });
}

for (
  const value of [
    "a b c",
    "a",
    "a@",
    "@b.example",
    "<>",
    "a@b.example c@d.example",
    "<<a@b>>",
    "<a@b.example",
    "a@b.example>",
    "a@b@c.example",
    "a..b@c.example",
    ".a@c.example",
    "a.@c.example",
    "a@b..example",
    "a@.example",
    "a@b.example.",
    "a@b_c.example",
    "a@-b.example",
    "a@[300.1.1.1]",
    "a@[192.0.2.1",
    "a@[x]",
    '"a@b.example',
    '""@b.example',
    '"a\tb"@c.example',
    "a@b.example (",
    "a@b.example )",
    "G:H:a@b.example;;",
    "G: a@b.example",
    "G: a@b.example; c@d.example",
    ":a@b.example;",
    "a@b.example; c@d.example",
    "Bob <a@b.example> Bob",
    "a@b.example <c@d.example>",
    "Smith, J <a@b.example>",
    "a b@c.example",
    'a"b"@c.example',
    "a@b c.example",
    "<a@b.example,c@d.example>",
    "<@r.example a@b.example>",
    "=?utf-8?Q?a,b?= <a@b.example>",
    ". <a@b.example>",
    "a\\b@c.example",
    "(".repeat(60) + ")".repeat(60) + "a@b.example",
    "a@b\u3002example",
    "a@b\u200b.example",
  ]
) {
  Deno.test(`parseAddressList() refuses ${JSON.stringify(value.slice(0, 40))}`, () => {
    assert.equal(typeof parseAddressList(value, 1000), "string");
  });
}

Deno.test("parseAddressList() bounds the number of mailboxes, members of groups among them", () => {
  const value = "G: a@b.example, c@d.example;, e@f.example";
  assert.equal(list(value).mailboxes.length, 3);
  assert.equal(parseAddressList(value, 2), "too many addresses");
});

Deno.test("parseAddressList() compares quoted and unquoted local parts alike", () => {
  assert.deepEqual(
    list('"alice"@example.net').mailboxes.map(printMailbox),
    list("alice@EXAMPLE.net").mailboxes.map((m) => printMailbox(m).replace("EXAMPLE", "example")),
  );
});

const TOKENS = [
  "a",
  "bob",
  ".",
  "@",
  "b.example",
  ",",
  ";",
  ":",
  "<",
  ">",
  '"',
  "\\",
  "(",
  ")",
  "[",
  "]",
  " ",
  "\r\n ",
  "\t",
  "ü",
  "=?u?Q?x?=",
  "[192.0.2.1]",
  '"q s"',
];

Deno.test("parseAddressList() never throws, and what it took reads the same when printed", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 25 }), (parts) => {
      const first = parseAddressList(parts.join(""), 100);
      if (typeof first === "string") return;
      const printed = first.addresses.map(printAddress).join(", ");
      const again = list(printed);
      assert.deepEqual(again.addresses, first.addresses);
      assert.equal(again.obsolete, false, printed);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("parseAddressList() reads what was built of names and mailboxes", () => {
  const atom = fc.stringMatching(/^[a-z0-9!#$%&'*+/=^_`{|}~-]{1,8}$/);
  const local = fc.oneof(
    fc.array(atom, { minLength: 1, maxLength: 3 }).map((a) => a.join(".")),
    fc.stringMatching(/^[ -~]{1,10}$/).map((s) => `"${s.replace(/["\\]/g, "\\$&")}"`),
  );
  const domain = fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 2, maxLength: 4 })
    .map((a) => a.join("."));
  const name = fc.oneof(
    fc.constant(""),
    fc.array(atom, { minLength: 1, maxLength: 3 }).map((a) => `${a.join(" ")} `),
    fc.stringMatching(/^[ -~]{1,10}$/).map((s) => `"${s.replace(/["\\]/g, "\\$&")}" `),
  );
  const address = fc.tuple(name, local, domain).map(([n, l, d]) => ({
    text: `${n}<${l}@${d}>`,
    d,
  }));
  fc.assert(fc.property(fc.array(address, { minLength: 1, maxLength: 5 }), (all) => {
    const l = list(all.map((a) => a.text).join(", "));
    assert.deepEqual(l.mailboxes.map((m) => m.domain.text), all.map((a) => a.d));
    assert.equal(l.obsolete, false);
  }));
});

for (
  const [name, value] of [
    ["open comments", "(".repeat(262_144)],
    ["nested comments", `${"(".repeat(130_000)}${")".repeat(130_000)}`],
    ["quotes", '"'.repeat(262_144)],
    ["quotes with escapes", `"${'\\"'.repeat(130_000)}`],
    ["commas", ",".repeat(262_144)],
    ["dots", `a${" .".repeat(130_000)}@b.example`],
    ["words", `${"a ".repeat(130_000)}<a@b.example>`],
    ["dotted words", `${"a. ".repeat(87_000)}<a@b.example>`],
    ["angles", "<".repeat(262_144)],
    ["routes", `<${"@a.example,".repeat(23_000)}`],
    ["groups", "a:;,".repeat(65_000)],
    ["literals", "a@[".repeat(87_000)],
    ["addresses", "a@b.example,".repeat(21_000)],
    ["domain words", `a@${"b .".repeat(87_000)}c`],
  ] as const
) {
  Deno.test(`parseAddressList() is done with 256 KiB of ${name} in no time`, () => {
    const from = performance.now();
    parseAddressList(value, 1000);
    // linear takes some ms; quadratic would take minutes
    assert.ok(performance.now() - from < 2000);
  });
}
