import assert from "node:assert/strict";
import { parseMessageId } from "../../../lib/message/message_id.ts";

for (
  const [value, want] of [
    [" <a.b-c@example.net>", "<a.b-c@example.net>"],
    ["<a@host>", "<a@host>"],
    ["<a@under_score.example>", "<a@under_score.example>"],
    ["(x) <a@b> (y)", "<a@b>"],
    ["\r\n <a@b>", "<a@b>"],
    ["<a@[192.0.2.1]>", "<a@[192.0.2.1]>"],
    ["<a@[any thing]>", "<a@[any thing]>"],
    ['<"a b"@c>', '<"a b"@c>'],
    ["<a . b@c . d>", "<a . b@c . d>"],
    ["<ü@b>", "<ü@b>"],
  ] as const
) {
  Deno.test(`parseMessageId() takes ${JSON.stringify(value)}`, () => {
    assert.equal(parseMessageId(value), want);
  });
}

for (
  const value of [
    "",
    "foo",
    "foo@bar",
    "<foo>",
    "<@bar>",
    "<foo@>",
    "<a@b@c>",
    "<a..b@c>",
    "<a@b..c>",
    "<a@.b>",
    "<a@b.>",
    "<a b@c>",
    "<a@b c>",
    "<a@b> <c@d>",
    "<a@b> x",
    "<a@b",
    "<<a@b>>",
    "<a@[b>",
    '<"a@b>',
    "<a@b>(",
  ]
) {
  Deno.test(`parseMessageId() refuses ${JSON.stringify(value)}`, () => {
    assert.equal(parseMessageId(value), null);
  });
}

Deno.test("parseMessageId() is done with 256 KiB in no time", () => {
  const from = performance.now();
  parseMessageId(`<a@${"b .".repeat(87_000)}c>`);
  parseMessageId(`<${"a .".repeat(87_000)}c@d>`);
  assert.ok(performance.now() - from < 2000);
});
