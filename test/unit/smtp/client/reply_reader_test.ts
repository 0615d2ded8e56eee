import assert from "node:assert/strict";
import fc from "fast-check";
import { ReplyReader, type ReplyResult } from "../../../../lib/smtp/client/reply_reader.ts";

const octets = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

const readAll = (chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<ReplyResult> => {
  const reader = new ReplyReader();
  const out: Array<ReplyResult> = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    for (let r = reader.next(); r !== null; r = reader.next()) {
      out.push(r);
      if (r._tag === "Garbage") return out;
    }
  }
  return out;
};

const one = (text: string): ReplyResult | undefined => readAll([octets(text)])[0];
const reply = (code: number, ...lines: [string, ...Array<string>]): ReplyResult => ({
  _tag: "Reply",
  reply: { code, lines },
});

for (
  const c of [
    { name: "reads one line", from: "250 2.0.0 fine\r\n", want: reply(250, "2.0.0 fine") },
    {
      name: "reads several lines",
      from: "250-a\r\n250-b\r\n250 c\r\n",
      want: reply(250, "a", "b", "c"),
    },
    { name: "takes a code alone", from: "250\r\n", want: reply(250, "") },
    { name: "takes LF alone as a line end", from: "354 go\n", want: reply(354, "go") },
    { name: "takes codes nobody knows", from: "299 odd\r\n", want: reply(299, "odd") },
    {
      name: "goes by the code of the last line",
      from: "250-a\r\n550 b\r\n",
      want: reply(550, "a", "b"),
    },
    {
      name: "cleans what is not printable",
      from: "550 a\x1b[2J\xff\tb\r\n",
      want: reply(550, "a?[2J? b"),
    },
    {
      name: "calls a text line garbage",
      from: "HTTP/1.1 400\r\n",
      want: { _tag: "Garbage", reason: "not a reply" },
    },
    {
      name: "calls an empty line garbage",
      from: "\r\n",
      want: { _tag: "Garbage", reason: "not a reply" },
    },
    {
      name: "calls 1yz garbage",
      from: "150 x\r\n",
      want: { _tag: "Garbage", reason: "not a reply" },
    },
    {
      name: "calls a line above 4 kB garbage",
      from: `250 ${"x".repeat(5000)}\r\n`,
      want: { _tag: "Garbage", reason: "line too long" },
    },
    {
      name: "calls 5 kB without an end garbage",
      from: "2".repeat(5000),
      want: { _tag: "Garbage", reason: "line too long" },
    },
    {
      name: "calls a reply above 64 kB garbage",
      from: "250-x\r\n".repeat(10_000),
      want: { _tag: "Garbage", reason: "reply too long" },
    },
  ] satisfies ReadonlyArray<{ name: string; from: string; want: ReplyResult }>
) {
  Deno.test(`ReplyReader ${c.name}. HOP-12`, () => assert.deepEqual(one(c.from), c.want));
}

Deno.test("ReplyReader says that octets wait behind a reply", () => {
  const reader = new ReplyReader();
  reader.feed(octets("220 go\r\n2"));
  assert.equal(reader.next()?._tag, "Reply");
  assert.equal(reader.pending, true);
});

Deno.test("ReplyReader reads the same replies however they are cut", () => {
  const wire = fc.array(
    fc.constantFrom("250 a\r\n", "250-b\r\n", "550\r\n", "354 c\n", "4", "\r\n", "xx"),
  )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(wire, fc.array(fc.nat(80), { maxLength: 8 }), (w, cuts) => {
      const at = [...new Set(cuts.map((c) => c % (w.length + 1)))].sort((a, b) => a - b);
      const pieces = [...at, w.length].map((end, i) => octets(w.slice(at[i - 1] ?? 0, end)));
      assert.deepEqual(readAll(pieces), readAll([octets(w)]));
    }),
    { numRuns: 2000 },
  );
});
