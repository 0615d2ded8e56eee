/** What the check of citations finds, and what it takes. */
import assert from "node:assert/strict";
import { brokenPaths, definedIn, unresolved } from "../../../.ci/citations.ts";
import { firstSentence, rowsOf } from "../../../.ci/ledger.ts";

const DEFINED = definedIn([
  {
    path: "docs/design/a.md",
    text: "## 9. Nine\n\n### 9.8 Eight\n\n| QQ-01 | x |\n| QQ-02 | y |\n",
  },
  { path: "docs/design/b.md", text: "## 1. List\n\n| 33 | z |\n| 34 | z |\n" },
]);

for (
  const c of [
    { name: "a row", text: "// QQ-01", wrong: 0 },
    { name: "a range of rows", text: "QQ-01..02", wrong: 0 },
    { name: "a range that goes too far", text: "QQ-01..03", wrong: 1 },
    { name: "a row that is not there", text: "QQ-07", wrong: 1 },
    { name: "an id of no page", text: "ZZ-1", wrong: 1 },
    { name: "names of others", text: "SHA-256, UTF-8 and P-256", wrong: 0 },
    {
      name: "a section, and one that is not there",
      text: "docs/design/a.md §9.8, §9.9",
      wrong: 1,
    },
    { name: "numbered rows", text: "b.md rows 33 to 35", wrong: 1 },
    { name: "a citation across lines of a comment", text: "b.md\n * row 33", wrong: 0 },
    { name: "a section of no page", text: "Section 9.8", wrong: 1 },
    { name: "a threat of no page", text: "threats row 33", wrong: 1 },
  ]
) {
  Deno.test(`unresolved(): ${c.name}`, () => {
    const found = unresolved({ path: "lib/x.ts", text: c.text }, DEFINED);
    assert.equal(found.length, c.wrong, found.join("\n"));
  });
}

Deno.test("brokenPaths() names paths and links that are not there", () => {
  const text =
    "`lib/a.ts`, `lib/gone.ts`, [x](other.md#y), [z](../README.md), [w](https://example.com)";
  const here = new Set(["lib/a.ts", "README.md"]);
  assert.deepEqual(
    brokenPaths({ path: "docs/page.md", text }, (p) => here.has(p)),
    ["docs/page.md: there is no lib/gone.ts", "docs/page.md: there is no docs/other.md"],
  );
});

Deno.test("firstSentence() ends at a full stop, not at a short form", () => {
  assert.equal(firstSentence("Take it, incl. `x`. Then more."), "Take it, incl. `x`");
});

Deno.test("rowsOf() reads requirements, and conditions with their actions", () => {
  const page = "| ID | Level | Requirement |\n|---|---|---|\n| AB-1 | MUST | One. Two. |\n\n" +
    "| ID | Level | Condition | Action |\n|---|---|---|---|\n| CD-2 | MAY | if so | do it |\n";
  assert.deepEqual(rowsOf(page), [
    { id: "AB-1", level: "MUST", title: "One" },
    { id: "CD-2", level: "MAY", title: "if so: do it" },
  ]);
});
