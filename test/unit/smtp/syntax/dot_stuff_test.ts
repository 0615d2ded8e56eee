import assert from "node:assert/strict";
import fc from "fast-check";
import { DotStuffer, stuffWhole } from "../../../../lib/smtp/syntax/dot_stuff.ts";

const octets = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (b: Uint8Array | null): string | null =>
  b === null ? null : Array.from(b, (c) => String.fromCharCode(c)).join("");

/** The rule in its shortest form. */
const reference = (message: string): string | null => {
  if (message.replaceAll("\r\n", "").match(/[\r\n]/) !== null) return null;
  const lines = message.split("\r\n").map((l) => l.startsWith(".") ? `.${l}` : l);
  const stuffed = lines.join("\r\n");
  return `${stuffed}${message === "" || message.endsWith("\r\n") ? "" : "\r\n"}.\r\n`;
};

const inPieces = (message: string, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const at = [...new Set(cuts.map((c) => c % (message.length + 1)))].sort((a, b) => a - b);
  return [...at, message.length].map((end, i) => octets(message.slice(at[i - 1] ?? 0, end)));
};

for (
  const c of [
    {
      name: "doubles a leading dot",
      from: ".a\r\n..\r\nb.\r\n",
      want: "..a\r\n...\r\nb.\r\n.\r\n",
    },
    { name: "adds no CRLF where the last line has one", from: "a\r\n", want: "a\r\n.\r\n" },
    { name: "ends a last line that lacks its CRLF", from: "a", want: "a\r\n.\r\n" },
    {
      name: "lets a lone dot line through as data",
      from: "a\r\n.\r\nb\r\n",
      want: "a\r\n..\r\nb\r\n.\r\n",
    },
    { name: "refuses a bare LF", from: "a\nb\r\n", want: null },
    { name: "refuses a bare CR", from: "a\rb\r\n", want: null },
    { name: "refuses CR CR LF", from: "a\r\r\nb\r\n", want: null },
    { name: "refuses a CR at the very end", from: "a\r", want: null },
    { name: "refuses LF . LF", from: "a\n.\nMAIL FROM:<>\r\n", want: null },
  ]
) {
  Deno.test(`stuffWhole() ${c.name}`, () => {
    assert.equal(text(stuffWhole([octets(c.from)])), c.want);
  });
}

Deno.test("stuffWhole() agrees with the reference however the message is cut", () => {
  const message = fc.array(fc.constantFrom("\r\n", "\r", "\n", ".", "a", "\r\n.", "\0", "\xff"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(message, fc.array(fc.nat(60), { maxLength: 6 }), (m, cuts) => {
      assert.equal(text(stuffWhole(inPieces(m, cuts))), reference(m));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("DotStuffer gives back the very chunk where no dot is doubled", () => {
  const chunk = octets("no dot at a line start.\r\n");
  assert.equal(new DotStuffer().push(chunk), chunk);
});

Deno.test("DotStuffer stays silent once a bare LF was seen", () => {
  const stuffer = new DotStuffer();
  assert.equal(stuffer.push(octets("a\n")), null);
  assert.equal(stuffer.push(octets("fine\r\n")), null);
  assert.equal(stuffer.end(), null);
});
