import assert from "node:assert/strict";
import { hidesControls, shownAs } from "../../../lib/message/decoded_words.ts";
import { addressesShown } from "../../../lib/message/name_addresses.ts";
import { printMailbox } from "../../../lib/address/mailbox.ts";

const b64 = (s: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(s)));

for (
  const [name, want] of [
    ["The CEO", []],
    ["ceo@example.net", ["ceo@example.net"]],
    ["CEO <ceo@example.net>", ["ceo@example.net"]],
    ["'ceo@example.net'", ["ceo@example.net"]],
    ["\u201cceo@example.net\u201d", ["ceo@example.net"]],
    ["mail of ceo@example.net, and hr@example.org.", ["ceo@example.net", "hr@example.org"]],
    ["mailto:ceo@example.net", ["ceo@example.net"]],
    ['"the ceo"@example.net', ['"the ceo"@example.net']],
    ["ceo\uff20example.net", ["ceo@example.net"]],
    ["ceo\ufe6bexample.net", ["ceo@example.net"]],
    ["\uff43\uff45\uff4f\uff20example\uff0enet", ["ceo@example.net"]],
    ["ceo@example\u3002net", ["ceo@example.net"]],
    ["ceo\u200b@\u2060exam\u00adple.net", ["ceo@example.net"]],
    ["ceo\u200a@\u2009example.net", ["ceo@example.net"]],
    ["\u202eceo@example.net", ["ceo@example.net"]],
    ["ceo@b\u00fccher.example", ["ceo@b\u00fccher.example"]],
    ["ceo@bu\u0308cher.example", ["ceo@b\u00fccher.example"]],
    ["=?utf-8?q?ceo=40example=2Enet?=", ["ceo@example.net"]],
    [`=?utf-8?b?${b64("ceo@example.net")}?=`, ["ceo@example.net"]],
    ["=?utf-8?q?ceo?= =?utf-8?b?QA==?= =?us-ascii?q?example.net?=", ["ceo@example.net"]],
    ["=?utf-8?q?ceo=EF=BC?= =?UTF-8*en?q?=A0example.net?=", ["ceo@example.net"]],
    ["ceo =?utf-8?q?=40example.net?=", []],
    ["=?utf-8?q?=3D=3Futf-8=3Fq=3Fceo=3D40example.net=3F=3D?=", ["ceo@example.net"]],
    ["=?utf-16be?b?AGMAZQBvAEAAZQB4AGEAbQBwAGwAZQAuAG4AZQB0?=", ["ceo@example.net"]],
    [`=?utf-8?b?${b64("ceo@example.netx").slice(0, -3)}?=`, ["ceo@example.net"]],
    ["Anna @ Example.net", []],
    ["Anna@Home", []],
    ["@example.net", []],
    ["ceo@", []],
    ["@@@", []],
    ["ceo@example..net", []],
    ["ceo@example.net-", ["ceo@example.net"]],
  ] as const
) {
  Deno.test(`addressesShown() reads ${want.join(" ") || "nothing"} out of ${JSON.stringify(name)}`, () => {
    assert.deepEqual(addressesShown(name).map(printMailbox), [...want]);
  });
}

Deno.test("shownAs() decodes words within words, and no further than programs do", () => {
  assert.deepEqual(shownAs("Anna"), ["Anna"]);
  assert.deepEqual(shownAs("a =?utf-8?q?b?=  =?utf-8?q?c?= d"), [
    "a =?utf-8?q?b?=  =?utf-8?q?c?= d",
    "a bc d",
  ]);
  assert.ok(shownAs("=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=").includes("x"));
});

Deno.test("hidesControls() sees a character that lies in two words", () => {
  assert.ok(hidesControls("Subject: =?utf-8?q?=C2?= =?utf-8?q?=85?=\r\n")); // U+0085
  assert.ok(hidesControls("Subject: =?utf-8?q?=C2?=\r\n =?UTF-8?b?hQ==?=\r\n"));
  assert.ok(!hidesControls("Subject: =?utf-8?q?=C3?= =?utf-8?q?=85?=\r\n")); // U+00C5
});

Deno.test("addressesShown() reads a long name in one pass", () => {
  const before = performance.now();
  for (const piece of ["@", '"@', "a@", "a.b@c.", "\u200a", "=?", "=?a?q?@?="]) {
    addressesShown(piece.repeat(60_000 / piece.length));
  }
  assert.ok(performance.now() - before < 3000);
});
