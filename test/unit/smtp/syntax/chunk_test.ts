import assert from "node:assert/strict";
import fc from "fast-check";
import { ChunkReader } from "../../../../lib/smtp/syntax/chunk.ts";
import type { DataVerdict } from "../../../../lib/smtp/syntax/message_reader.ts";
import { chunked, octets, text } from "../../../support/octets.ts";

const LIMITS = { messageBytes: 1_000_000, headerBytes: 100_000 };

interface Read {
  readonly verdict: DataVerdict;
  readonly head: string;
  readonly body: string;
}

/** The message in chunks, each pushed in pieces with the next command behind its end. */
const readAll = (
  message: string,
  chunks: ReadonlyArray<number>,
  pieces: ReadonlyArray<number>,
  binary: boolean,
): Read & { readonly r: ChunkReader } => {
  const r = new ChunkReader(LIMITS, binary);
  const parts = chunked(message, chunks).map(text);
  let body = "";
  parts.forEach((part, i) => {
    r.expect(part.length, i === parts.length - 1);
    let taken = 0;
    for (const piece of chunked(`${part}BDAT 3\r\n`, pieces)) {
      if (!r.done) taken += r.push(piece);
      body += r.takeBody().map(text).join("");
    }
    assert.equal(r.done, true);
    assert.equal(taken, part.length);
  });
  return { r, verdict: r.verdict(), head: r.head(), body };
};

/** The same said plainly: cut at the first empty line; nothing but CRLF ends a line. */
const reference = (message: string, binary: boolean): Read => {
  const cut = `\r\n${message}`.indexOf("\r\n\r\n");
  const head = cut < 0 ? message : message.slice(0, cut);
  const body = cut < 0 ? "" : message.slice(cut + 2);
  const bad = (s: string) => s.split("\r\n").some((l) => /[\r\n\0]/.test(l));
  return { verdict: bad(head) || (!binary && bad(body)) ? "spoiled" : "complete", head, body };
};

const wicked = fc.array(
  fc.constantFrom("\r\n", "\r\n", "\r\n.\r\n", "\r", "\n", "\0", "a", ".", " ", "\xff", "QUIT\r\n"),
  { maxLength: 24 },
).map((parts) => parts.join(""));
const clean = fc.array(fc.constantFrom("\r\n", "\r\n.\r\n", "a", ".", "\xff"), { maxLength: 24 })
  .map((parts) => parts.join(""));
const lengths = fc.array(fc.nat(12), { maxLength: 12 });

for (const [name, message] of [["any octets", wicked], ["clean text", clean]] as const) {
  Deno.test(`EXT-CHK-1: ChunkReader agrees with the reference on ${name}, however it is cut`, () => {
    fc.assert(
      fc.property(message, lengths, lengths, fc.boolean(), (m, chunks, pieces, binary) => {
        const want = reference(m, binary);
        const got = readAll(m, chunks, pieces, binary);
        assert.equal(got.verdict, want.verdict);
        if (want.verdict === "spoiled") return;
        assert.equal(got.head, want.head);
        assert.equal(got.body, want.body);
        assert.equal(got.r.facts().octets, want.body.length);
        assert.equal(got.r.facts().eightBit, /[\x80-\xff]/.test(want.body));
      }),
      { numRuns: 3_000 },
    );
  });
}

Deno.test("EOL-8: ChunkReader holds nothing of what is too large", () => {
  const r = new ChunkReader({ messageBytes: 100, headerBytes: 100 }, false);
  r.expect(1_000_000, true);
  r.push(octets("A: b\r\n\r\n"));
  for (let i = 0; i < 100; i++) r.push(octets("x".repeat(10_000)));
  assert.equal(r.done, true);
  assert.equal(r.verdict(), "tooBig");
  assert.ok(r.bodyPending <= 100);
});
