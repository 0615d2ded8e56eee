import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDomainName, parseLiteral } from "../../../lib/address/domain.ts";
import {
  asciiMailbox,
  type Mailbox,
  printLocal,
  printMailbox,
  printMailboxAscii,
  same,
} from "../../../lib/address/mailbox.ts";
import { parseMailbox, readPath } from "../../../lib/address/path.ts";

const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  assert.ok(m !== null, text);
  return m;
};

// SMTP-26: least quoting goes out
for (
  const [local, want] of [
    ["bob", "bob"],
    ["a.b", "a.b"],
    ["o'hara+x=y", "o'hara+x=y"],
    ["grün", "grün"],
    ["a b", '"a b"'],
    [".a", '".a"'],
    ["a.", '"a."'],
    ["a..b", '"a..b"'],
    ["a@b", '"a@b"'],
    ['a"b', '"a\\"b"'],
    ["a\\b", '"a\\\\b"'],
    ["", '""'],
  ] as const
) {
  Deno.test(`printLocal() writes ${JSON.stringify(local)} as ${want}`, () => {
    assert.equal(printLocal(local), want);
  });
}

for (
  const [a, b, want] of [
    ["bob@example.net", '"bob"@example.net', true],
    ['"b\\ob"@example.net', "bob@example.net", true],
    ["bob@example.net", "bob@EXAMPLE.NET", true],
    ["bob@grün.example", "bob@xn--grn-ioa.example", true],
    ["bob@[IPv6:2001:DB8::1]", "bob@[IPv6:2001:db8::1]", true],
    ["Bob@example.net", "bob@example.net", false],
    ["bob@example.net", "bob@example.org", false],
    ["bob@example.net", "bob@sub.example.net", false],
  ] as const
) {
  Deno.test(`same() says ${want} of ${a} and ${b}`, () => {
    assert.equal(same(mailbox(a), mailbox(b)), want);
    assert.equal(same(mailbox(b), mailbox(a)), want);
  });
}

Deno.test("printMailbox() keeps the domain as written, printMailboxAscii() writes A-labels", () => {
  const m = mailbox("Bob@Grün.example");
  assert.equal(printMailbox(m), "Bob@Grün.example");
  assert.equal(printMailboxAscii(m), "Bob@xn--grn-ioa.example");
  assert.equal(printMailboxAscii(mailbox("Bob@EXAMPLE.net")), "Bob@EXAMPLE.net");
});

Deno.test("asciiMailbox() looks at the local part alone", () => {
  assert.equal(asciiMailbox(mailbox("bob@grün.example")), true);
  assert.equal(asciiMailbox(mailbox("grün@example.net")), false);
});

Deno.test("parseMailbox() gives back what printMailbox() wrote", () => {
  const local = fc.string({
    unit: fc.constantFrom(..."abZ0!#'*+/=?^_`{|}~-. @\"\\()<>,:;[]\u007eü日\u{1f600}"),
    minLength: 1,
    maxLength: 16,
  });
  const domain = fc.constantFrom(
    parseDomainName("example.net")!,
    parseDomainName("Grün.example")!,
    parseLiteral("[IPv6:2001:db8::1]")!,
  );
  fc.assert(
    fc.property(fc.record({ local, domain }, { noNullPrototype: true }), (m) => {
      assert.deepEqual(parseMailbox(printMailbox(m)), m);
      assert.deepEqual(readPath(`<${printMailbox(m)}> X`, true), {
        _tag: "Mailbox",
        mailbox: m,
        rest: " X",
      });
    }),
    { numRuns: 3_000 },
  );
});
