import assert from "node:assert/strict";
import fc from "fast-check";
import { negative, render, reply, summary } from "../../../lib/reply/reply.ts";

for (
  const [name, r, want] of [
    ["one line", reply(250, "1.0", "Sender OK"), "250 2.1.0 Sender OK\r\n"],
    ["a class from the code", reply(421, "3.2", "Later"), "421 4.3.2 Later\r\n"],
    [
      "no enhanced code",
      reply(220, null, "msa.example.net ESMTP"),
      "220 msa.example.net ESMTP\r\n",
    ],
    // AUTH-05
    ["an empty challenge with its blank", reply(334, null, ""), "334 \r\n"],
    // EXT-ESC-1
    [
      "the code on every line",
      reply(214, "0.0", "a", "b", "c"),
      "214-2.0.0 a\r\n214-2.0.0 b\r\n214 2.0.0 c\r\n",
    ],
    [
      "EHLO",
      reply(250, null, "msa", "SIZE 1", "STARTTLS"),
      "250-msa\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
    ],
    [
      "? for what could split it",
      reply(550, "7.1", "a\r\n250 b\0\tü"),
      "550 5.7.1 a??250 b???\r\n",
    ],
  ] as const
) {
  Deno.test(`render() writes ${name}`, () => assert.equal(render(r), want));
}

Deno.test("render() wraps a long text at a blank where there is one", () => {
  const words = render(reply(554, "6.0", "word ".repeat(200).trimEnd())).split("\r\n");
  assert.equal(words.pop(), "");
  assert.ok(words.length > 1);
  for (const line of words) assert.match(line, /^554[- ]5\.6\.0 word( word)*$/);
});

Deno.test("render() keeps every line to 512 octets of printable ASCII, and all of the text", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", " ", "\r", "\n", "ü"),
    maxLength: 2_000,
  });
  fc.assert(fc.property(text, fc.constantFrom(null, "0.0", "7.13"), (t, detail) => {
    const out = render(reply(550, detail, t));
    assert.ok(out.endsWith("\r\n"));
    const lines = out.slice(0, -2).split("\r\n");
    let rest = "";
    lines.forEach((line, i) => {
      assert.ok(line.length + 2 <= 512);
      const prefix = `550${i === lines.length - 1 ? " " : "-"}${
        detail === null ? "" : `5.${detail} `
      }`;
      assert.ok(line.startsWith(prefix));
      assert.match(line, /^[\x20-\x7e]*$/);
      rest += line.slice(prefix.length);
    });
    assert.equal(rest.replaceAll(" ", ""), t.replace(/[^\x20-\x7e]/g, "?").replaceAll(" ", ""));
  }));
});

Deno.test("negative() is true of 4yz and 5yz alone", () => {
  assert.deepEqual(
    [220, 250, 334, 354, 421, 452, 500, 554].map((code) => negative(reply(code, null, ""))),
    [false, false, false, false, true, true, true, true],
  );
});

Deno.test("summary() is one line", () => {
  assert.equal(summary(reply(214, "0.0", "a", "b")), "214 2.0.0 a b");
  assert.equal(summary(reply(220, null, "msa ESMTP")), "220 msa ESMTP");
});
