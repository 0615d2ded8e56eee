import assert from "node:assert/strict";
import { MOST_REMEMBERED, Repeated } from "../../../lib/spool/repeated.ts";

const known = (number: number) => ({ number, id: `m${number}`, at: 1_000 });

Deno.test("Repeated: what was added counts at once, and stays only if the transaction holds", () => {
  const r = new Repeated(500);
  r.add("a", known(1));
  assert.equal(r.find("a", 1_100)?.id, "m1");
  r.settle(false);
  assert.equal(r.find("a", 1_100), null);
  r.add("a", known(2));
  r.settle(true);
  assert.equal(r.find("a", 1_100)?.id, "m2");
  assert.equal(r.find("a", 1_500), null, "its window is over");
});

Deno.test("Repeated: of more than it remembers the newest half is sure to be there", () => {
  const r = new Repeated(500);
  for (let i = 0; i < 2 * MOST_REMEMBERED; i++) {
    r.add(`d${i}`, known(i));
    r.settle(true);
  }
  const found = Array.from({ length: 2 * MOST_REMEMBERED }, (_, i) => r.find(`d${i}`, 1_100));
  const kept = found.filter((k) => k !== null).length;
  assert.ok(kept <= MOST_REMEMBERED && kept >= MOST_REMEMBERED / 2, `${kept} kept`);
  assert.ok(found.slice(-MOST_REMEMBERED / 2).every((k) => k !== null));
});

Deno.test("Repeated: no part of the key passes for a part of the body", () => {
  const r = new Repeated(1);
  assert.notEqual(
    r.digest("a\nb").update("c").digest("hex"),
    r.digest("a").update("\nbc").digest("hex"),
  );
});
