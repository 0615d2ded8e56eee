import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDateTime, printDateTime } from "../../../lib/envelope/date_time.ts";

Deno.test("EXT-FUT-1, EXT-RRVS-1: what printDateTime() writes, parseDateTime() reads", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (s) => {
    assert.equal(parseDateTime(printDateTime(s * 1000)), s * 1000);
  }));
});

Deno.test("parseDateTime() is total", () => {
  fc.assert(fc.property(fc.string(), (s) => {
    parseDateTime(s);
  }));
});

for (
  const [text, want] of [
    ["2014-04-03T23:01:00Z", Date.UTC(2014, 3, 3, 23, 1)],
    ["2014-04-03t23:01:00z", Date.UTC(2014, 3, 3, 23, 1)],
    ["2014-04-03T23:01:00-07:00", Date.UTC(2014, 3, 4, 6, 1)],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
    ["2014-04-31T00:00:00Z", null],
    ["2014-00-01T00:00:00Z", null],
    ["2014-01-01T24:00:00Z", null],
    ["2014-01-01T00:00:00", null],
    ["2014-01-01T00:00:00.5Z", null],
    ["2014-01-01 00:00:00Z", null],
    ["2014-01-01T00:00:00+24:00", null],
  ] as const
) Deno.test(`parseDateTime() reads ${text}`, () => assert.equal(parseDateTime(text), want));
