import assert from "node:assert/strict";
import { toUnicode } from "../../../lib/address/u_label.ts";

for (
  const [ascii, want] of [
    ["example.com", "example.com"],
    ["xn--mller-kva.example", "müller.example"],
    ["mail.xn--bcher-kva.xn--p1ai", "mail.bücher.рф"],
    ["xn--fiqs8s.example", "中国.example"],
    // a label that does not lead back, one that is none
    ["xn--zzzzzzzzzz9.example", "xn--zzzzzzzzzz9.example"],
    ["xn--.example", "xn--.example"],
  ] as const
) {
  Deno.test(`toUnicode() shows ${ascii} as ${want}`, () => assert.equal(toUnicode(ascii), want));
}
