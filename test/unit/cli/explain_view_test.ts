import assert from "node:assert/strict";
import { renderBrief, renderTrail, trailJson } from "../../../lib/cli/explain_view.ts";
import type { Trail } from "../../../lib/stages/trail.ts";
import { head, submit } from "../../support/submissions.ts";

const trail: Trail = [
  {
    stage: "authenticate",
    verdict: "pass",
    rule: "MSA-4.3",
    facts: { account: "a@b.example", tls: null },
  },
  {
    stage: "fix_headers",
    verdict: "changed",
    rule: "HDR-4",
    facts: { field: "Date", messageId: "x", after: "now" },
  },
  { stage: "fix_headers", verdict: "changed", rule: "HDR-11", facts: { field: "Bcc", removed: 2 } },
  {
    stage: "resolve_mta",
    verdict: "refused",
    rule: "route.none",
    facts: { all: ["p", "q"], none: [], ok: true, reply: "550 5.7.1 no" },
  },
];

Deno.test("renderTrail() puts decisions under the titles of their stages, facts below them", () => {
  assert.deepEqual(renderTrail(trail, { colour: false }), [
    "Authenticate",
    "  pass     MSA-4.3",
    "           account  a@b.example",
    "           tls      none",
    "Fix headers",
    "  changed  HDR-4",
    "           field       Date",
    "           message id  x",
    "           after       now",
    "  changed  HDR-11",
    "           field    Bcc",
    "           removed  2",
    "Resolve MTA",
    "  refused  route.none",
    "           all    p, q",
    "           none   none",
    "           ok     yes",
    "           reply  550 5.7.1 no",
  ]);
});

Deno.test("renderTrail() colours only where it is asked to, and says the same", () => {
  const coloured = renderTrail(trail, { colour: true }).join("\n");
  assert.ok(coloured.includes("\x1b[31mrefused"));
  assert.equal(
    coloured.replace(/\p{Cc}\[\d+m/gu, ""),
    renderTrail(trail, { colour: false }).join("\n"),
  );
});

Deno.test("renderTrail() passes nothing on that a terminal acts on", () => {
  const evil: Trail = [{
    stage: "parse",
    verdict: "pass",
    rule: "\x1b[2J",
    facts: { "\x07k": "a\u202eb\r\n", l: ["\u009b"] },
  }];
  assert.doesNotMatch(renderTrail(evil, { colour: false }).join(""), /\p{Cc}|\p{Cf}/u);
  assert.doesNotMatch(
    renderBrief(evil.map((d) => ({ ...d, verdict: "changed" }))).join(""),
    /\p{Cc}|\p{Cf}/u,
  );
});

Deno.test("renderBrief() says who, what changed, and why not", () => {
  assert.deepEqual(renderBrief(trail), [
    "account a@b.example",
    "changed (HDR-4): Date is now now",
    "changed (HDR-11): Bcc removed",
    "refused (route.none): 550 5.7.1 no",
  ]);
});

Deno.test("renderBrief() names field and outcome of everything that the stages change", async () => {
  const { trail } = await submit({
    head: head(
      "From: a.smith@example.net",
      "Sender: evil@x.example",
      "To:",
      "Cc:",
      "To: ",
      "Bcc: x@y.example",
      "Subject: a",
      " ",
      " b",
    ),
    eightBit: true,
  }, { rules: { senderMatch: "envelope" } });
  const lines = renderBrief(trail);
  assert.ok(lines.length >= 9, lines.join("\n"));
  for (const line of lines) assert.doesNotMatch(line, /: none|undefined/);
  assert.match(lines.at(-1) ?? "", /^bob@example\.org by smtp:\/\/mta\.example:25$/);
});

Deno.test("trailJson() carries a version and the trail as it is", () => {
  assert.deepEqual(trailJson(trail), { version: 1, trail });
});
