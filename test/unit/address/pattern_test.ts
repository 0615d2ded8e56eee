import assert from "node:assert/strict";
import fc from "fast-check";
import { comparison } from "../../../lib/address/local_rules.ts";
import { matcher, parsePattern, printPattern } from "../../../lib/address/pattern.ts";
import { parsePrincipal, principalKey } from "../../../lib/address/grant.ts";
import { mailbox } from "../../support/submissions.ts";

const rules = comparison({ localDomains: ["example.net"], separator: "+" });

const matches = (pattern: string, address: string): boolean => {
  const p = parsePattern(pattern);
  assert.ok(p !== null, pattern);
  return matcher(p, rules)(mailbox(address));
};

for (
  const [pattern, address, want] of [
    ["sales@example.net", "sales@example.net", true],
    ["sales@example.net", "SALES@Example.NET", true],
    ["sales@example.net", '"sales"@example.net', true],
    ["sales@example.net", "sales+x@example.net", false],
    ["sales@example.net", "sales@example.org", false],
    ["sales@example.net", "s\u0430les@example.net", false],
    ["Sales@partner.example", "sales@partner.example", false],
    ["sales@b\u00fccher.example", "sales@xn--bcher-kva.example", true],
    ["sales+*@example.net", "sales+x@example.net", true],
    ["sales+*@example.net", "Sales+X@example.net", true],
    ["sales+*@example.net", "sales@example.net", false],
    ["sales+*@example.net", "sales+@example.net", false],
    ["sales+*@example.net", "salesx@example.net", false],
    ["sales+*@example.net", "sales+x@example.org", false],
    ["sales-*@partner.example", "sales-x@partner.example", true],
    ["*@example.net", "anyone@example.net", true],
    ["*@example.net", "anyone@sub.example.net", false],
    ["*@example.net", "anyone@example.org", false],
    ["*@example.net", "postmaster@example.net", false],
    ["*@example.net", "Abuse@example.net", false],
    ["postmaster@example.net", "postmaster@example.net", true],
    ["*@xn--bcher-kva.example", "x@b\u00fccher.example", true],
  ] as const
) {
  Deno.test(`matcher() RGT-1: ${pattern} ${want ? "covers" : "leaves out"} ${address}`, () => {
    assert.equal(matches(pattern, address), want);
  });
}

for (
  const text of [
    "",
    "*",
    "@example.net",
    "*@",
    "sales",
    "sa*@example.net",
    "*les@example.net",
    "sales+*+*@example.net",
    "*@*.example.net",
    "sales@*",
    "*@[192.0.2.1]",
    "sales@example.net.",
    "Sales <sales@example.net>",
  ]
) {
  Deno.test(`parsePattern() takes ${JSON.stringify(text)} for none`, () => {
    assert.equal(parsePattern(text), null);
  });
}

Deno.test("parsePattern() reads what printPattern() writes", () => {
  const atom = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const local = fc.oneof(
    atom,
    fc.tuple(atom, fc.constantFrom("+", "-", ".", "_", "=", "#")).map(([a, s]) => `${a}${s}*`),
    fc.constant("*"),
    atom.map((a) => `"${a} ${a}"`),
  );
  fc.assert(fc.property(local, atom, (l, d) => {
    const p = parsePattern(`${l}@${d}.example`);
    assert.ok(p !== null);
    assert.equal(printPattern(p), `${l}@${d}.example`);
  }));
});

Deno.test("parsePattern() and parsePrincipal() never throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (s) => {
    parsePattern(s);
    parsePrincipal(s);
  }));
});

Deno.test("principalKey() is one for all spellings of an account, and another for groups", () => {
  const key = (s: string) => {
    const p = parsePrincipal(s);
    return p === null ? null : principalKey(p);
  };
  assert.equal(key("Alice@EXAMPLE.net"), key('"alice"@example.net'));
  assert.equal(key("group:sales"), "group:sales");
  assert.equal(key("group:Sales"), null);
  assert.equal(key("group:"), null);
});

Deno.test("above() names what an address is below, and nothing for an empty user or detail", () => {
  const above = (a: string) => rules.above(mailbox(a));
  assert.deepEqual(above("alice+x@example.net"), ["alice@example.net"]);
  assert.deepEqual(above("a+b+c@example.net"), ["a@example.net", "a+b@example.net"]);
  assert.deepEqual(above("alice+@example.net"), []);
  assert.deepEqual(above("+x@example.net"), []);
  assert.deepEqual(above("alice+x@example.org"), []);
});

Deno.test("key() keeps apart what is not in NFC, and what Unicode folds together", () => {
  const same = (a: string, b: string) => rules.key(mailbox(a)) === rules.key(mailbox(b));
  assert.ok(same("jos\u00e9@example.net", "Jos\u00e9@example.net"));
  assert.ok(!same("jos\u00e9@example.net", "jose\u0301@example.net"));
  assert.ok(!same("kate@example.net", "\u212Aate@example.net"));
  assert.ok(!same("istanbul@example.net", "\u0130stanbul@example.net"));
  assert.ok(!same("stra\u00dfe@example.net", "strasse@example.net"));
});
