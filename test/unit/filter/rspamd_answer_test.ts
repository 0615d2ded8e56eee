import assert from "node:assert/strict";
import fc from "fast-check";
import { rspamdResult } from "../../../lib/filter/rspamd_answer.ts";

const resultOf = (answer: unknown) => {
  const r = rspamdResult(JSON.stringify(answer));
  if (typeof r === "string") throw new Error(r);
  return r;
};

for (
  const [action, want] of [
    ["no action", "Pass"],
    ["greylist", "Pass"],
    ["add header", "Pass"],
    ["rewrite subject", "Pass"],
    ["soft reject", "Later"],
    ["reject", "Refuse"],
    ["quarantine", "Hold"],
    ["discard", "Discard"],
  ] as const
) {
  Deno.test(`rspamdResult: ${action} is ${want}`, () => {
    assert.equal(resultOf({ action }).verdict._tag, want);
  });
}

Deno.test("rspamdResult: header changes in each form that rspamd has for them", () => {
  const { edits } = resultOf({
    action: "rewrite subject",
    subject: "[spam] gr\u00fc\u00dfe",
    milter: {
      add_headers: {
        "X-A": "one",
        "X-B": { value: "two", order: 0 },
        "X-C": [{ value: "3" }, "4"],
      },
      remove_headers: { "X-D": 0, "X-E": 2 },
    },
  });
  assert.deepEqual(edits, [
    { _tag: "Drop", name: "X-D" },
    { _tag: "Change", nth: 2, name: "X-E", value: null },
    { _tag: "Add", name: "X-A", value: "one" },
    { _tag: "Insert", at: 0, name: "X-B", value: "two" },
    { _tag: "Add", name: "X-C", value: "3" },
    { _tag: "Add", name: "X-C", value: "4" },
    { _tag: "Change", nth: 1, name: "Subject", value: "[spam] gr\xc3\xbc\xc3\x9fe" },
  ]);
});

Deno.test("rspamdResult: whatever is answered is a result or a text that says what is wrong", () => {
  for (const text of ["", "[]", "{}", '{"action":"dance"}', '{"action":1}', "null"]) {
    assert.equal(typeof rspamdResult(text), "string", text);
  }
  fc.assert(fc.property(fc.json(), (text) => void rspamdResult(text)));
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (milter, messages) => {
      resultOf({ action: "no action", milter, messages });
    }),
  );
});
