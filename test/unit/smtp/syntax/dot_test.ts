import assert from "node:assert/strict";
import fc from "fast-check";
import { DataReader } from "../../../../lib/smtp/syntax/dot.ts";
import type { DataVerdict } from "../../../../lib/smtp/syntax/message_reader.ts";
import { chunked, octets, text } from "../../../support/octets.ts";

const LIMITS = { messageBytes: 1_000_000, headerBytes: 100_000 };

interface Read {
  /** Octets that belong to the data; null while its end has not come. */
  readonly end: number | null;
  readonly verdict: DataVerdict;
  readonly head: string;
  readonly body: string;
}

/** Reads chunk by chunk as the driver does; octets behind the end are not pushed. */
const readAll = (chunks: ReadonlyArray<Uint8Array>, limits = LIMITS): Read & { r: DataReader } => {
  const r = new DataReader(limits);
  let taken = 0;
  const body: Array<Uint8Array> = [];
  for (const chunk of chunks) {
    if (r.done) break;
    taken += r.push(chunk);
    body.push(...r.takeBody());
  }
  return {
    r,
    end: r.done ? taken : null,
    verdict: r.verdict(),
    head: r.head(),
    body: body.map(text).join(""),
  };
};

/** The same said plainly: the first CRLF.CRLF of CRLF + data, lines without their dots. */
const reference = (data: string): Read => {
  const at = `\r\n${data}`.indexOf("\r\n.\r\n");
  const end = at < 0 ? null : at + 3;
  const content = at < 0 ? data : data.slice(0, at);
  const lines = content.split("\r\n");
  // an unfinished CRLF at the very end is no fault yet
  const settled = at < 0 && content.endsWith("\r") ? content.slice(0, -1) : content;
  const spoiled = settled.split("\r\n").some((l) => /[\r\n\0]/.test(l));
  const plain = lines.map((l) => l.startsWith(".") ? l.slice(1) : l).join("\r\n");
  const cut = `\r\n${plain}`.indexOf("\r\n\r\n");
  return {
    end,
    verdict: spoiled ? "spoiled" : "complete",
    head: cut < 0 ? plain : plain.slice(0, cut),
    body: cut < 0 ? "" : plain.slice(cut + 2),
  };
};

/** Mostly line ends and dots, so that every border case comes up. */
const wicked = fc.array(
  fc.constantFrom("\r\n", "\r\n", "\r\n.", "\r\n.\r", ".", "\r", "\n", "\0", "a", " ", "\xff"),
  { maxLength: 24 },
).map((parts) => parts.join(""));
/** No octet that spoils, so that head and body are compared in most runs. */
const clean = fc.array(fc.constantFrom("\r\n", "\r\n.", "\r\n..", ".", "a", " ", "\xff"), {
  maxLength: 24,
}).map((parts) => parts.join(""));

const agrees = (data: string, chunks: ReadonlyArray<Uint8Array>): void => {
  const want = reference(data);
  const got = readAll(chunks);
  assert.equal(got.end, want.end);
  assert.equal(got.verdict, want.verdict);
  if (want.verdict === "spoiled" || want.end === null) return;
  assert.equal(got.head, want.head);
  assert.equal(got.body, want.body);
};

for (const [name, data] of [["any octets", wicked], ["clean text", clean]] as const) {
  Deno.test(`DataReader agrees with the reference on ${name}, however it is split`, () => {
    const splits = fc.array(fc.nat(40), { maxLength: 12 });
    fc.assert(
      fc.property(data, splits, (d, cuts) => {
        const whole = `${d}\r\n.\r\nNOOP\r\n`;
        agrees(whole, chunked(whole, cuts));
        agrees(d, chunked(d, cuts));
      }),
      { numRuns: 5_000 },
    );
  });
}

Deno.test("DataReader gives the same however a message with every border is cut in two or three", () => {
  const data = "A: b\r\n.c\r\n..d\r\n\r\n.\xe9\r\n..\r\n\r\n...x\r\n.\r\nQUIT\r\n";
  const want = reference(data);
  for (let i = 0; i <= data.length; i++) {
    for (let j = i; j <= data.length; j++) {
      const { r: _, ...got } = readAll(
        [data.slice(0, i), data.slice(i, j), data.slice(j)].map(octets),
      );
      assert.deepEqual(got, want, `cut at ${i} and ${j}`);
    }
  }
});

// the ends that some server takes for the end of data; RFC 5321 §4.1.1.4 knows one. EOL-2
const NO_ENDS = [
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\r.\r",
  "\r.\r\n",
  "\r\n.\r",
  "\n.\r",
  "\r.\n",
  "\r\n\0.\r\n",
  "\r\n.\0\r\n",
  "\r\n.\r\0\n",
  "\0\r\n.\n",
  "\r\r\n.\r\r\n",
  "\r\n.\r\r\n",
  "\r\n\r.\r\n",
  "\n\r\n.\n\r\n",
  "\n\n.\r\n\r",
];
for (const variant of NO_ENDS) {
  Deno.test(`DataReader takes ${JSON.stringify(variant)} for data, not for its end`, () => {
    const before = `Subject: x\r\n\r\nhello${variant}`;
    // what follows stands where no rest of the variant can complete an end
    const data = `${before}MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n`;
    for (const step of [1, 2, 3, 7, data.length]) {
      const got = readAll(chunked(data, Array(data.length).fill(step)));
      assert.equal(got.end, data.length);
      assert.equal(got.verdict, "spoiled");
    }
  });
}

Deno.test("DataReader takes a dot directly behind the DATA line for the end", () => {
  const got = readAll([octets(".\r\nNOOP\r\n")]);
  assert.deepEqual([got.end, got.verdict, got.head, got.body], [3, "complete", "", ""]);
  assert.equal(got.r.hasBody, false);
});

// EOL-4
for (
  const [line, want] of [
    ["..x", ".x"],
    [".x", "x"],
    ["..", "."],
    ["...", ".."],
    ["x.", "x."],
    [". ", " "],
  ] as const
) {
  Deno.test(`DataReader turns the line ${JSON.stringify(line)} into ${JSON.stringify(want)}`, () => {
    const got = readAll([octets(`A: b\r\n\r\n${line}\r\n.\r\n`)]);
    assert.deepEqual([got.head, got.body], ["A: b\r\n", `${want}\r\n`]);
  });
}

Deno.test("DataReader counts message octets after unstuffing, and takes the limit itself", () => {
  const data = "A: b\r\n\r\n..x\r\n.\r\n"; // 4 + 2 + 2 + 2 + 2
  assert.equal(readAll([octets(data)], { ...LIMITS, messageBytes: 12 }).verdict, "complete");
  assert.equal(readAll([octets(data)], { ...LIMITS, messageBytes: 11 }).verdict, "tooBig");
});

Deno.test("DataReader reads what is too big to its true end and holds none of it", () => {
  const r = new DataReader({ messageBytes: 1_000, headerBytes: 1_000 });
  r.push(octets("A: b\r\n\r\n"));
  const block = octets(`${"x".repeat(998)}\r\n`);
  for (let i = 0; i < 50; i++) {
    assert.equal(r.push(block), block.length);
    assert.ok(r.bodyPending <= 1_000);
  }
  assert.equal(r.push(octets(".\r\nNOOP\r\n")), 3);
  assert.equal(r.done, true);
  assert.equal(r.verdict(), "tooBig");
});

Deno.test("DataReader bounds the header, not the body, by headerBytes", () => {
  const limits = { messageBytes: 10_000, headerBytes: 100 };
  const long = "x".repeat(200);
  assert.equal(readAll([octets(`A: ${long}\r\n\r\n\r\n.\r\n`)], limits).verdict, "headerTooBig");
  assert.equal(readAll([octets(`A: b\r\n\r\n${long}\r\n.\r\n`)], limits).verdict, "complete");
});

for (
  const c of [
    { name: "ASCII", body: "a\r\n", eightBit: false, validUtf8: true, longest: 1 },
    {
      name: "UTF-8",
      body: "gr\xc3\xbc\xc3\x9fe\r\n\r\n",
      eightBit: true,
      validUtf8: true,
      longest: 7,
    },
    { name: "Latin-1", body: "gr\xfc\xdfe\r\n", eightBit: true, validUtf8: false, longest: 5 },
    { name: "cut UTF-8", body: "\xc3\r\n", eightBit: true, validUtf8: false, longest: 1 },
    {
      name: "a stuffed line",
      body: "..abc\r\nab\r\n",
      eightBit: false,
      validUtf8: true,
      longest: 4,
    },
    {
      name: "998 octets",
      body: `${"x".repeat(998)}\r\n`,
      eightBit: false,
      validUtf8: true,
      longest: 998,
    },
  ]
) {
  Deno.test(`DataReader.facts() of a body with ${c.name}, octet by octet or whole`, () => {
    const data = `A: \xff\r\n\r\n${c.body}.\r\n`;
    for (const step of [1, data.length]) {
      const { r, body } = readAll(chunked(data, Array(data.length).fill(step)));
      assert.deepEqual(r.facts(), {
        octets: body.length,
        eightBit: c.eightBit,
        validUtf8: c.validUtf8,
        longestLine: c.longest,
      });
    }
  });
}
