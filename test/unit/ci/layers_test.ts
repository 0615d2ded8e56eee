import assert from "node:assert/strict";
import { breaches, circles, forbidden } from "../../../.ci/layers.ts";

for (
  const [from, to, why] of [
    ["lib/server/server.ts", "lib/relay/worker.ts", null],
    ["lib/relay/worker.ts", "lib/server/server.ts", /floor 5 .* does not import floor 6/],
    ["lib/relay/worker.ts", "lib/spool/sqlite.ts", /meet through ports/],
    ["lib/relay/session/open.ts", "lib/relay/lane/pool.ts", /session does not import lane/],
    ["lib/relay/hosts/mx.ts", "lib/relay/job/job.ts", /hosts does not import job/],
    ["lib/relay/lane/lane.ts", "lib/relay/job/job.ts", null],
    ["lib/relay/attic/x.ts", "lib/relay/job/job.ts", /attic is no room inside relay/],
    ["lib/message/parse.ts", "lib/address/domain.ts", null],
    ["lib/address/domain.ts", "lib/message/parse.ts", /to its left/],
    ["lib/attic/x.ts", "lib/address/domain.ts", /attic has no floor/],
    ["lib/cli/main.ts", "mod.ts", /nobody imports the public entry/],
    ["policies/routes.ts", "lib/relay/worker.ts", /policies import/],
  ] as const
) {
  Deno.test(`forbidden(): ${from} > ${to} ${why === null ? "may be" : "may not be"}`, () => {
    const got = forbidden(from, to);
    if (why === null) assert.equal(got, null);
    else assert.match(got ?? "", why);
  });
}

Deno.test("breaches() finds a runtime in a pure room", () => {
  assert.equal(breaches("lib/stages/x.ts", 'import { open } from "node:fs";').length, 1);
  assert.equal(breaches("lib/stages/x.ts", "Deno.exit();").length, 1);
  assert.deepEqual(breaches("lib/net/x.ts", 'import { open } from "node:fs";'), []);
});

Deno.test("circles() finds each circle once, and none where there is none", () => {
  const graph = (edges: Record<string, Array<string>>) => new Map(Object.entries(edges));
  assert.deepEqual(circles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })), []);
  assert.deepEqual(
    circles(graph({ a: ["b"], b: ["c"], c: ["a", "d"], d: ["e"], e: ["d"], f: ["a"] })),
    [["d", "e"], ["a", "b", "c"]],
  );
});
