import assert from "node:assert/strict";
import fc from "fast-check";
import { LineReader, type LineResult } from "../../../../lib/smtp/syntax/line.ts";
import { chunked, octets } from "../../../support/octets.ts";

const MAX = 4096;

const readAll = (chunks: ReadonlyArray<Uint8Array>, max = MAX): ReadonlyArray<LineResult> => {
  const reader = new LineReader();
  const out: Array<LineResult> = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    for (let line = reader.next(max); line !== null; line = reader.next(max)) {
      out.push(line);
      if (line._tag === "Flood") return out; // whoever reads closes
    }
  }
  return out;
};

const short = (r: LineResult): string => r._tag === "Line" ? `=${r.text}` : r._tag;
const read = (s: string, max = MAX) => readAll([octets(s)], max).map(short);

for (
  const c of [
    { name: "a line", in: "NOOP\r\n", want: ["=NOOP"] },
    { name: "several, and none that is unfinished", in: "A\r\nB\r\nC", want: ["=A", "=B"] },
    { name: "an empty line", in: "\r\n", want: ["="] },
    // EOL-1
    { name: "silence for LF alone", in: "NOOP\n", want: [] },
    { name: "silence for CR alone", in: "NOOP\r", want: [] },
    { name: "one bad line for a bare LF", in: "NOOP\nNOOP\r\n", want: ["Bare"] },
    { name: "one bad line for a bare CR", in: "NOOP\rNOOP\r\n", want: ["Bare"] },
    { name: "one bad line for CR.CR.LF", in: "NOOP\r\r\nQUIT\r\n", want: ["Bare", "=QUIT"] },
    { name: "one bad line for LF first", in: "\n\r\nQUIT\r\n", want: ["Bare", "=QUIT"] },
    { name: "one bad line for NUL", in: "NO\0OP\r\nQUIT\r\n", want: ["Bare", "=QUIT"] },
    // SMTP-08, EXT-UTF-2
    { name: "control characters", in: "EHLO a\x01\r\n", want: ["BadCharacters"] },
    { name: "DEL", in: "EHLO a\x7f\r\n", want: ["BadCharacters"] },
    { name: "octets that are not UTF-8", in: "EHLO \xfc\r\n", want: ["BadCharacters"] },
    { name: "UTF-8", in: "EHLO \xc3\xbc\r\n", want: ["=EHLO ü"] },
    { name: "a byte order mark, kept", in: "\xef\xbb\xbfNOOP\r\n", want: ["=\ufeffNOOP"] },
    { name: "a tab, kept", in: "A\tB\r\n", want: ["=A\tB"] },
  ]
) {
  Deno.test(`LineReader gives ${c.name}`, () => assert.deepEqual(read(c.in), c.want));
}

Deno.test("LineReader gives the octets of a line in a code page, and none with control characters", () => {
  const lines = readAll([octets("EHLO M\xdcLLER\r\nEHLO \xdc\x01\r\n")]);
  assert.deepEqual(lines, [
    { _tag: "BadCharacters", octets: "EHLO M\xdcLLER" },
    { _tag: "BadCharacters" },
  ]);
});

Deno.test("LineReader tells ASCII from UTF-8", () => {
  const lines = readAll([octets("NOOP\r\nNOOP \xc3\xbc\r\n")]);
  assert.deepEqual(lines.map((l) => l._tag === "Line" && l.ascii), [true, false]);
});

// SMTP-20
for (const length of [512, 4095, 4096]) {
  Deno.test(`LineReader takes a line of ${length} octets with its CRLF`, () => {
    const line = "A".repeat(length - 2);
    assert.deepEqual(read(`${line}\r\nNOOP\r\n`), [`=${line}`, "=NOOP"]);
  });
}
for (const length of [4097, 5002, 60_000]) {
  Deno.test(`LineReader drops a line of ${length} octets whole, its tail is no command`, () => {
    const line = `${"A".repeat(length - 7)} QUIT\r\n`;
    for (const step of [1, 100, 4096, 4097, line.length]) {
      const chunks = chunked(`${line}NOOP\r\n`, Array(length).fill(step));
      assert.deepEqual(readAll(chunks).map(short), ["TooLong", "=NOOP"], `steps of ${step}`);
    }
  });
}

Deno.test("LineReader holds no more of an endless line than the limit, and gives it up", () => {
  const reader = new LineReader();
  const chunk = octets("A".repeat(4000));
  let results = 0;
  for (let i = 0; i < 20 && results === 0; i++) {
    reader.feed(chunk);
    const line = reader.next(MAX);
    assert.ok(reader.pending <= MAX);
    if (line === null) continue;
    assert.equal(line._tag, "Flood");
    assert.equal(i, 16); // 68,000 octets
    results++;
  }
  assert.equal(results, 1);
});

Deno.test("LineReader.takeRest() hands over what was not read, and then has nothing", () => {
  const reader = new LineReader();
  reader.feed(octets("DATA\r\nA: b\r\n\r\n"));
  assert.equal(reader.next(MAX)?._tag, "Line");
  assert.deepEqual(reader.takeRest(), octets("A: b\r\n\r\n"));
  assert.equal(reader.pending, 0);
  assert.equal(reader.next(MAX), null);
});

Deno.test("LineReader gives the same lines however its octets are split", () => {
  const parts = fc.array(
    fc.constantFrom(
      "\r\n",
      "\r\n",
      "\r",
      "\n",
      "\0",
      "a",
      "bc",
      "\x01",
      "\xc3\xbc",
      "\xff",
      "0123456789",
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(
      parts,
      fc.array(fc.nat(12), { maxLength: 20 }),
      fc.integer({ min: 4, max: 20 }),
      (p, cuts, max) => {
        const data = p.join("");
        assert.deepEqual(readAll(chunked(data, cuts), max), readAll([octets(data)], max));
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("LineReader gives a flood up alike in one piece and in many", () => {
  for (const length of [65_536, 65_537]) {
    const data = `${"A".repeat(length)}\r\nNOOP\r\n`;
    const want = length > 65_536 ? ["Flood"] : ["TooLong", "=NOOP"];
    for (const step of [1, 1000, 65_537, data.length]) {
      const chunks = chunked(data, Array(data.length).fill(step));
      assert.deepEqual(readAll(chunks).map(short), want, `${length} in steps of ${step}`);
    }
  }
});

Deno.test("LineReader takes a line of a megabyte where the limit allows it", () => {
  const line = "A".repeat(1_048_574);
  assert.deepEqual(read(`${line}\r\n`, 1_048_576), [`=${line}`]);
  assert.deepEqual(read(`${line}A\r\n`, 1_048_576), ["Flood"]);
});
