import assert from "node:assert/strict";
import fc from "fast-check";
import { saslprep } from "../../../lib/sasl/saslprep.ts";
import {
  has,
  LEFT_TO_RIGHT,
  NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  SPACES,
  UNASSIGNED,
} from "../../../lib/sasl/stringprep.ts";

// RFC 4013 §3, and what the ledger asks for
for (
  const [name, text, want] of [
    ["maps a soft hyphen to nothing", "I\u00adX", "IX"],
    ["leaves case alone", "user", "user"],
    ["leaves upper case alone", "USER", "USER"],
    ["puts into NFKC", "\u00aa", "a"],
    ["puts a Roman numeral into NFKC", "\u2168", "IX"],
    ["refuses a control character", "\u0007", null],
    ["refuses mixed directions", "\u0627\u0031", null],
    ["maps a no-break space to a space", "a\u00a0b", "a b"],
    ["keeps blanks at the ends", " a ", " a "],
    ["refuses what is empty", "", null],
    ["refuses what maps to nothing", "\u00ad", null],
    ["refuses NUL", "a\0b", null],
    ["refuses DEL", "a\u007f", null],
    ["refuses a lone surrogate", "\ud800", null],
    ["refuses an unassigned code point", "\u0221", null],
    ["refuses a private code point", "\ue000", null],
    ["takes right-to-left text", "\u0627\u0628", "\u0627\u0628"],
    ["takes Han", "\u65e5\u672c", "\u65e5\u672c"],
  ] as const
) {
  Deno.test(`saslprep() ${name}`, () => assert.equal(saslprep(text), want));
}

Deno.test("saslprep() never throws, and prepares what it prepared to itself", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (s) => {
    const once = saslprep(s);
    if (once !== null) assert.equal(saslprep(once), once);
  }));
});

// recorded from @mongodb-js/saslprep 1.6.3, whose answers these are for every code point
Deno.test("the tables of stringprep hold the code points that they always held", async () => {
  const tables = [NOTHING, SPACES, PROHIBITED, RIGHT_TO_LEFT, LEFT_TO_RIGHT, UNASSIGNED];
  const marks = new Uint8Array(0x110000);
  for (let point = 0; point < marks.length; point++) {
    marks[point] = tables.reduce((bits, t, i) => has(t, point) ? bits | 1 << i : bits, 0);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", marks));
  const hex = Array.from(digest, (o) => o.toString(16).padStart(2, "0")).join("");
  assert.equal(hex, "9b37f002c4387d468911603acf92c439dcf57189fcc9d74bd32398ce1b2c339b");
});
