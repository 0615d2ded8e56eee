import assert from "node:assert/strict";
import { diffHeaders, renderDiff } from "../../../../lib/cli/explain/header_diff.ts";
import { type Header, isFault, parseHeader } from "../../../../lib/message/header.ts";
import { encodeUtf8 } from "../../../../lib/message/text.ts";
import { standardLimits } from "../../../../policies/limits.ts";
import { head } from "../../../support/submissions.ts";

const header = (...lines: ReadonlyArray<string>): Header => {
  const h = parseHeader(encodeUtf8(head(...lines)), standardLimits, true);
  assert.ok(!isFault(h));
  return h;
};
const diff = (before: Header, after: Header) =>
  renderDiff(diffHeaders(before, after), { colour: false });

Deno.test("diffHeaders() finds nothing in what did not change", () => {
  const h = header("From: a@b.example", "X: 1", "X: 1");
  assert.deepEqual(diffHeaders(h, h), []);
});

Deno.test("diffHeaders() shows added, changed and removed fields where they stand", () => {
  const before = header(
    "Received: old",
    "Date: bad",
    "From: a@b.example",
    "Bcc: x@y.example,",
    " z@y.example",
    "To: t@y.example",
  );
  const after = header(
    "Received: new",
    "Received: old",
    "Date: good",
    "From: a@b.example",
    "To: t@y.example",
    "Sender: s@b.example",
  );
  assert.deepEqual(diff(before, after), [
    "+ Received: new",
    "- Date: bad",
    "+ Date: good",
    "- Bcc: x@y.example,",
    "-  z@y.example",
    "+ Sender: s@b.example",
  ]);
});

Deno.test("diffHeaders() shows a merge as a change and a removal", () => {
  assert.deepEqual(
    diff(header("To: a@b.example", "To: c@d.example"), header("To: a@b.example, c@d.example")),
    [
      "- To: a@b.example",
      "+ To: a@b.example, c@d.example",
      "- To: c@d.example",
    ],
  );
});

Deno.test("renderDiff() shows characters, not octets, and nothing that a terminal acts on", () => {
  assert.deepEqual(diff(header("Subject: ü\u202e\tx"), header()), ["- Subject: ü? x"]);
});

Deno.test("renderDiff() colours what came and what leaves", () => {
  const lines = renderDiff(diffHeaders(header("A: 1"), header("A: 2")), { colour: true });
  assert.deepEqual(lines, ["\x1b[31m- A: 1\x1b[0m", "\x1b[32m+ A: 2\x1b[0m"]);
});
