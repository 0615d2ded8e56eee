import assert from "node:assert/strict";
import { explanationJson } from "../../../lib/cli/explain/explanation_view.ts";
import * as say from "../../../lib/reply/catalog.ts";
import { head, submit } from "../../support/submissions.ts";

/** First column of the tables of a page, in order. */
const members = (page: string): ReadonlyArray<string> =>
  [...page.matchAll(/^\| `(\w+)` *\|/gm)].map(([, name]) => name ?? "");

Deno.test("explanationJson() has the members that docs/explain.md tells of, and no others", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/explain.md", import.meta.url));
  const end = await submit({ head: head("From: a.smith@example.net", "Subject: s") });
  assert.ok(end._tag === "Accepted");
  const json = explanationJson({
    accepted: true,
    exchanges: [{ command: "MAIL FROM:<x>", reply: say.SENDER_OK }],
    trail: end.trail,
    signed: end.signed,
  });
  const [decision] = json.trail;
  assert.ok(decision !== undefined);
  assert.deepEqual(members(page), [...Object.keys(json), ...Object.keys(decision)]);
  assert.equal(json.version, 1);
  assert.deepEqual(Object.keys(json.header ?? {}), ["before", "after", "changes"]);
  assert.deepEqual(Object.keys(json.header?.changes[0] ?? {}), ["kind", "before", "after"]);
  assert.deepEqual(Object.keys(json.recipients[0] ?? {}), ["address", "route", "hop"]);
  for (const stage of new Set(end.trail.map((d) => d.stage))) {
    assert.ok(page.includes(`\`${stage}\``));
  }
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
});
