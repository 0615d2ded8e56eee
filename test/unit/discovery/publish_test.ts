/**
 * Every form of the full record set of autodiscovery.md §10.1, as in `test/golden/publish/`. Rewrite with
 *
 *     deno test --allow-read --allow-write=test/golden test/unit/discovery/publish_test.ts -- --rewrite
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { expectedRecords } from "../../../lib/discovery/expected.ts";
import { formatRecords, FORMATS } from "../../../lib/discovery/publish/formats.ts";
import { txt } from "../../../lib/discovery/publish/presentation.ts";
import { stringsOf } from "../../../lib/discovery/record.ts";
import { fullOffer } from "../../support/offers.ts";

const GOLDEN = new URL("../../golden/publish/", import.meta.url);
const OPTIONS = { zone: "example.com", comments: true, server: "ns1.example.com" };

for (const format of FORMATS) {
  Deno.test(`formatRecords() ZF-4, O-5: ${format} as in the golden file`, async () => {
    const text = formatRecords(format, await expectedRecords(fullOffer()), OPTIONS);
    const file = new URL(format, GOLDEN);
    if (Deno.args.includes("--rewrite")) await Deno.writeTextFile(file, text);
    assert.equal(text, await Deno.readTextFile(file));
  });
}

/** What a master file's quoted strings say, written from RFC 1035 §5.1 and not from our printer. */
const parseStrings = (line: string): ReadonlyArray<number> => {
  const out: Array<number> = [];
  let inside = false;
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (c === '"') inside = !inside;
    else if (!inside) assert.equal(c, " ");
    else if (c !== "\\") out.push(c.charCodeAt(0));
    else if (/\d/.test(line.charAt(i + 1))) {
      out.push(Number(line.slice(i + 1, i + 4)));
      i += 3;
    } else out.push(line.charCodeAt(++i));
  }
  assert.ok(!inside);
  return out;
};

Deno.test("txt() ZF-2, ZF-3: what is printed reads back as it was, in strings of 255 octets at most", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 700 });
  fc.assert(fc.property(text, (value) => {
    const strings = stringsOf(value);
    assert.ok(strings.every((s) => s.length <= 255));
    assert.deepEqual(
      Uint8Array.from(parseStrings(txt(value))),
      new TextEncoder().encode(value),
    );
    assert.match(txt(value), /^[\x20-\x7e]*$/);
  }));
});

Deno.test("stringsOf() never cuts a character in two", () => {
  for (const s of stringsOf(`${"x".repeat(254)}äöü`)) {
    new TextDecoder("utf-8", { fatal: true }).decode(s);
  }
});
