import assert from "node:assert/strict";
import fc from "fast-check";
import { visible, visibleJson } from "../../../lib/app/visible.ts";

for (
  const [text, want] of [
    ["plain text\n\tof lines", "plain text\n\tof lines"],
    ["grün@bücher.example 日本 😀", "grün@bücher.example 日本 😀"],
    ["a\u202eb@example.org", "a\\u{202e}b@example.org"],
    ["a\u009b31mb", "a\\u{9b}31mb"],
    ["\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"],
    ["\x1b[2J\x1b]0;title\x07\x1b[8mx", "\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{1b}[8mx"],
    ["a\r\nb\rc", "a\r\nb\\u{d}c"],
    ["a\u2028b\u200bc\u{e0041}d", "a\\u{2028}b\\u{200b}c\\u{e0041}d"],
    ["\ud800", "\\u{d800}"],
  ] as const
) {
  Deno.test(`visible() shows ${JSON.stringify(text)}`, () => assert.equal(visible(text), want));
}

Deno.test("visibleJson() says the same, and holds nothing that a terminal acts on", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (a, b) => {
    const text = `${a}\u202e\u009b\u{e0041}${b}`;
    const json = visibleJson(JSON.stringify({ [text]: text }, null, 2));
    assert.deepEqual(JSON.parse(json), { [text]: text });
    assert.doesNotMatch(json.replaceAll("\n", ""), /[\p{C}\p{Zl}\p{Zp}]/u);
  }));
});
