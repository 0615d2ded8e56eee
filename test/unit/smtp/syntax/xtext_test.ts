import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeXtext, encodeXtext, isXtext } from "../../../../lib/smtp/syntax/xtext.ts";

const octet = fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c));

Deno.test("EXT-DSN-1: xtext of any octets is xtext, and decodes to them", () => {
  fc.assert(fc.property(fc.string({ unit: octet, minLength: 1 }), (s) => {
    const x = encodeXtext(s);
    assert.ok(isXtext(x));
    assert.equal(decodeXtext(x), s);
  }));
});

Deno.test("EXT-DSN-1: what isXtext() takes, decodes and encodes to the same meaning", () => {
  fc.assert(fc.property(fc.string(), (s) => {
    if (isXtext(s)) assert.equal(decodeXtext(encodeXtext(decodeXtext(s))), decodeXtext(s));
  }));
});

for (const bad of ["", "a=b", "a b", "+", "+4", "+4g", "+2b", "gr\u00fcn", "\x7f"]) {
  Deno.test(`EXT-DSN-1: ${JSON.stringify(bad)} is no xtext`, () =>
    assert.equal(isXtext(bad), false));
}
