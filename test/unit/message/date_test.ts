import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDate, parseDate } from "../../../lib/message/date.ts";

const at = (text: string): number => Date.parse(text);

for (
  const [value, instant] of [
    [" Tue, 24 Nov 2026 05:25:51 +0000", "2026-11-24T05:25:51Z"],
    ["24 Nov 2026 05:25 +0100 (CET)", "2026-11-24T04:25:00Z"],
    ["Tue,24 nov 2026 05:25:51 -0830", "2026-11-24T13:55:51Z"],
    ["1 Jan 2001 00:00:00 -0000", "2001-01-01T00:00:00Z"],
    ["Tue,\r\n 24 Nov 2026\r\n 05:25:51 +0000", "2026-11-24T05:25:51Z"],
    ["29 Feb 2024 23:59:60 +0000", "2024-03-01T00:00:00Z"],
    ["1 Jan 1900 00:00 +9959", "1899-12-27T20:01:00Z"],
  ] as const
) {
  Deno.test(`parseDate() takes ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parseDate(value), { _tag: "Valid", instant: at(instant) });
  });
}

for (
  const [value, text] of [
    ["1 Jan 99 00:00 EST", "1 Jan 1999 00:00:00 -0500"],
    ["Fri, 21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"],
    ["1 Jan 49 00:00:00 ut", "1 Jan 2049 00:00:00 +0000"],
    ["1 Jan 50 00:00:00 PDT", "1 Jan 1950 00:00:00 -0700"],
    ["1 Jan 101 00:00:00 +0000", "1 Jan 2001 00:00:00 +0000"],
    ["1 Jan 2001 00:00:00 Z", "1 Jan 2001 00:00:00 -0000"],
    ["1 Jan 2001 00:00:00 CEST", "1 Jan 2001 00:00:00 -0000"],
    ["1 Jan 2001 00 : 00 : 01 +0000", "1 Jan 2001 00:00:01 +0000"],
    ["1 (first) Jan 2001 00:00:00 +0000", "1 Jan 2001 00:00:00 +0000"],
    ["(so) 1 Jan 2001 00:00:00 +0000", "1 Jan 2001 00:00:00 +0000"],
    ["Sun, 21 Nov 97 09:55:06 GMT", "21 Nov 1997 09:55:06 +0000"],
  ] as const
) {
  Deno.test(`parseDate() rewrites obsolete ${JSON.stringify(value)} to the same instant`, () => {
    const d = parseDate(value);
    assert.ok(d._tag === "Obsolete");
    assert.equal(d.text, text);
    assert.deepEqual(parseDate(d.text), { _tag: "Valid", instant: d.instant });
  });
}

Deno.test("parseDate() leaves out a wrong day of the week", () => {
  assert.deepEqual(parseDate("Mon, 24 Nov 2026 05:25:51 +0100"), {
    _tag: "WrongWeekday",
    instant: at("2026-11-24T04:25:51Z"),
    text: "24 Nov 2026 05:25:51 +0100",
  });
});

for (
  const value of [
    "",
    "yesterday",
    "31 Feb 2026 00:00 +0000",
    "30 Feb 2024 00:00 +0000",
    "0 Jan 2026 00:00 +0000",
    "32 Jan 2026 00:00 +0000",
    "1 Foo 2026 00:00 +0000",
    "1 Jan 1899 00:00 +0000",
    "1 Jan 12026 00:00 +0000",
    "1 Jan 2026 24:00 +0000",
    "1 Jan 2026 00:60 +0000",
    "1 Jan 2026 00:00:61 +0000",
    "1 Jan 2026 0:00 +0000",
    "1 Jan 2026 00:00 +0060",
    "1 Jan 2026 00:00 +000",
    "1 Jan 2026 00:00",
    "1 Jan 2026 00:00 0000",
    "1 Jan 2026 00:00 +0000 x",
    "Tue 1 Jan 2026 00:00 +0000",
    "Tues, 1 Jan 2026 00:00 +0000",
    "2026-11-24T05:25:51Z",
    "1 Jan 2026 00:00:00+0000",
    "1 Jan 2026 00:00 +0000 (",
    "1 Jan 2026 ٠٠:00 +0000",
    "29 Feb 2100 00:00 +0000",
  ]
) {
  Deno.test(`parseDate() refuses ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parseDate(value), { _tag: "Invalid" });
  });
}

Deno.test("formatDate() writes a numeric offset on either side of UTC", () => {
  const ms = at("2026-11-24T05:25:51Z");
  assert.equal(formatDate(ms, 0), "Tue, 24 Nov 2026 05:25:51 +0000");
  assert.equal(formatDate(ms, 330), "Tue, 24 Nov 2026 10:55:51 +0530");
  assert.equal(formatDate(ms, -570), "Mon, 23 Nov 2026 19:55:51 -0930");
});

Deno.test("parseDate() reads what formatDate() writes", () => {
  const seconds = fc.integer({
    min: at("1901-01-01T00:00:00Z") / 1000,
    max: at("9998-01-01T00:00:00Z") / 1000,
  });
  fc.assert(fc.property(seconds, fc.integer({ min: -720, max: 840 }), (s, offset) => {
    assert.deepEqual(parseDate(formatDate(s * 1000, offset)), { _tag: "Valid", instant: s * 1000 });
  }));
});

Deno.test("parseDate() never throws", () => {
  const token = fc.constantFrom(
    "1",
    "24",
    "Nov",
    "2026",
    "97",
    ":",
    ",",
    "05",
    "Tue",
    "+0000",
    "EST",
    " ",
    "(x)",
    "(",
    '"',
    "ü",
    "-",
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 20 }), (t) => {
      const d = parseDate(t.join(""));
      if ("text" in d) assert.equal(parseDate(d.text)._tag, "Valid");
    }),
    { numRuns: 5000 },
  );
});
