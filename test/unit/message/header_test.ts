import assert from "node:assert/strict";
import fc from "fast-check";
import {
  all,
  first,
  insertAfter,
  prepend,
  removeWhere,
  replace,
} from "../../../lib/message/edit.ts";
import {
  type Header,
  isFault,
  parseHeader,
  printFault,
  unfolded,
} from "../../../lib/message/header.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { makeField, makeFolded, printHeader, relayout } from "../../../lib/message/write.ts";
import { standardLimits } from "../../../policies/limits.ts";
import { head } from "../../support/submissions.ts";

const parse = (text: string, utf8 = false): Header => {
  const h = parseHeader(text, standardLimits, utf8);
  assert.ok(!isFault(h), isFault(h) ? printFault(h) : "");
  return h;
};

Deno.test("parseHeader() keeps every octet, folds among them", () => {
  const text = "Subject: a\r\n\tb  \r\nX-Odd:\r\n c\r\nto:bob@example.org\r\n";
  const h = parse(text);
  assert.equal(printHeader(h), text);
  assert.deepEqual(h.fields.map((f) => [f.name, f.key, unfolded(f)]), [
    ["Subject", "subject", "a\tb"],
    ["X-Odd", "x-odd", "c"],
    ["to", "to", "bob@example.org"],
  ]);
});

Deno.test("parseHeader() takes an empty header", () => {
  assert.deepEqual(parse("").fields, []);
});

for (
  const c of [
    { name: "a blank in a name", head: "Subj ect: x\r\n", rule: "HDR-13", field: "Subj" },
    {
      name: "a stray line",
      head: "From: a@b.example\r\nhello\r\n",
      rule: "HDR-13",
      field: "hello",
    },
    {
      name: "an mbox line",
      head: "From a@b Mon Jan 1 00:00:00 2026\r\n",
      rule: "HDR-13",
      field: null,
    },
    { name: "a leading blank first line", head: " Subject: x\r\n", rule: "HDR-13", field: null },
    { name: "a field without a name", head: ": x\r\n", rule: "HDR-13", field: null },
    { name: "an empty line", head: "Subject: x\r\n\r\n", rule: "HDR-13", field: null },
    {
      name: "a byte order mark",
      head: "\xef\xbb\xbfFrom: a@b.example\r\n",
      rule: "HDR-13",
      field: null,
    },
    { name: "a NUL in a name", head: "Fr\0om: a@b.example\r\n", rule: "HDR-13", field: "Fr" },
    { name: "an 8-bit name", head: "S\xfcbject: x\r\n", rule: "HDR-13", field: "S" },
    { name: "a bell", head: "Subject: \x07\r\n", rule: "HDR-19", field: "Subject" },
    { name: "a NUL", head: "Subject: \0\r\n", rule: "HDR-19", field: "Subject" },
    { name: "a DEL", head: "Subject: \x7f\r\n", rule: "HDR-19", field: "Subject" },
    { name: "a bare CR", head: "Subject: a\rb\r\n", rule: "HDR-19", field: "Subject" },
    {
      name: "a bare LF",
      head: "Subject: a\nFrom: x@y.example\r\n",
      rule: "HDR-19",
      field: "Subject",
    },
    {
      name: "8-bit without SMTPUTF8",
      head: "Subject: \xc3\xbc\r\n",
      rule: "HDR-17",
      field: "Subject",
    },
    { name: "no CRLF at the end", head: "Subject: x", rule: "HDR-13", field: "Subject" },
    { name: "1001 fields", head: "X: y\r\n".repeat(1001), rule: "HDR-16", field: null },
    {
      name: "more than 256 KiB",
      head: `X: ${"y".repeat(262_144)}\r\n`,
      rule: "HDR-16",
      field: null,
    },
  ]
) {
  Deno.test(`parseHeader() refuses ${c.name}`, () => {
    const fault = parseHeader(c.head, standardLimits, false);
    assert.ok(isFault(fault));
    assert.deepEqual([fault.rule, fault.field], [c.rule, c.field]);
  });
}

Deno.test("parseHeader() takes UTF-8 with SMTPUTF8 and refuses what is none", () => {
  assert.equal(parse(encodeUtf8("Subject: Grüße\r\n"), true).fields.length, 1);
  const fault = parseHeader("Subject: \xff\r\n", standardLimits, true);
  assert.ok(isFault(fault));
  assert.equal(fault.rule, "HDR-18");
});

Deno.test("parseHeader() names a field in at most 60 printable characters", () => {
  const fault = parseHeader(`${"n".repeat(400)}: \x01\r\n`, standardLimits, false);
  assert.ok(isFault(fault));
  assert.equal(fault.field?.length, 60);
});

for (
  const c of [
    {
      name: "a continuation of blanks",
      raw: "Subject: a\r\n \t\r\n b\r\n",
      want: "Subject: a\r\n b\r\n",
    },
    { name: "blanks at the end", raw: "Subject: a\r\n \r\n", want: "Subject: a\r\n" },
    { name: "a blank before the colon", raw: "Subject : a\r\n", want: "Subject: a\r\n" },
    { name: "blanks only", raw: "Subject:\r\n \r\n", want: "Subject:\r\n" },
  ]
) {
  Deno.test(`relayout() puts right ${c.name}`, () => {
    const [field] = parse(c.raw).fields;
    assert.ok(field?.misfit);
    assert.equal(relayout(field)?.raw, c.want);
  });
}

Deno.test("relayout() folds a long line at its blanks and loses nothing", () => {
  const words = Array.from({ length: 300 }, (_, i) => `word${i}`).join(" ");
  const [field] = parse(`Subject: ${words}\r\n`).fields;
  assert.ok(field?.misfit);
  const made = relayout(field);
  assert.ok(made !== null);
  assert.ok(made.raw.split("\r\n").every((l) => l.length <= 998));
  assert.equal(unfolded(made), words);
  assert.equal(parse(made.raw).fields[0]?.misfit, false);
});

Deno.test("relayout() is null where a long line has no blank", () => {
  const [field] = parse(`X: ${"y".repeat(1200)}\r\n`).fields;
  assert.ok(field?.misfit);
  assert.equal(relayout(field), null);
});

Deno.test("relayout() leaves a line of 998 octets and folds one of 999", () => {
  const line = (n: number) => `X: y ${"z".repeat(n - 5)}\r\n`;
  assert.equal(parse(line(998)).fields[0]?.misfit, false);
  assert.equal(parse(line(999)).fields[0]?.misfit, true);
});

Deno.test("makeFolded() parts pieces at 78 columns and never within one", () => {
  const pieces = ["a".repeat(40), "b".repeat(40), "c".repeat(100), "d"];
  const { raw } = makeFolded("To", pieces);
  assert.equal(raw, `To: ${pieces[0]}\r\n ${pieces[1]}\r\n ${pieces[2]}\r\n d\r\n`);
});

Deno.test("edits change one field and leave the octets of the others", () => {
  const h = parse(head("A: 1", "B: 2", "A: 3"));
  assert.deepEqual(all(h, "a").map((f) => f.raw), ["A: 1\r\n", "A: 3\r\n"]);
  const b = first(h, "b");
  assert.ok(b !== null);
  assert.equal(printHeader(removeWhere(h, (f) => f.key === "a")), "B: 2\r\n");
  assert.equal(printHeader(replace(h, b, makeField("B", "x"))), head("A: 1", "B: x", "A: 3"));
  assert.equal(
    printHeader(insertAfter(h, b, makeField("C", "y"))),
    head("A: 1", "B: 2", "C: y", "A: 3"),
  );
  assert.equal(printHeader(prepend(h, makeField("Z", "0"))), head("Z: 0", "A: 1", "B: 2", "A: 3"));
});

Deno.test("parseHeader() never throws, and prints back what it took", () => {
  const pieces = fc.constantFrom(
    "From",
    "Subject",
    ":",
    " ",
    "\t",
    "\r\n",
    "\r",
    "\n",
    "\0",
    "a@b.example",
    "\xc3\xbc",
    "\xff",
    "x",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), fc.boolean(), (parts, utf8) => {
      const text = parts.join("");
      const h = parseHeader(text, standardLimits, utf8);
      if (!isFault(h)) assert.equal(printHeader(h), text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("relayout() of any header that was taken may be sent and says the same", () => {
  const line = fc.array(fc.constantFrom(" ", "\t", "a", "bc", " ".repeat(5), "d".repeat(600)), {
    maxLength: 12,
  })
    .map((p) => p.join(""));
  fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
    const h = parseHeader(`X:${lines.join("\r\n ")}\r\n`, standardLimits, false);
    assert.ok(!isFault(h));
    const [field] = h.fields;
    assert.ok(field !== undefined);
    const made = relayout(field);
    if (made === null) return;
    const again = parseHeader(made.raw, standardLimits, false);
    assert.ok(!isFault(again) && again.fields.length === 1 && again.fields[0]?.misfit === false);
    assert.equal(unfolded(made).replace(/[ \t]/g, ""), unfolded(field).replace(/[ \t]/g, ""));
  }));
});
