import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { DigestTable } from "../../../../lib/spool/database/digest_table.ts";
import { MOST_REMEMBERED, Resubmissions } from "../../../../lib/spool/database/resubmissions.ts";

/** A digest for each text, unlike enough. */
const digestOf = (text: string) => Buffer.from(text.padEnd(32, "."));
const known = (number: number) => ({ number, id: `m${number}`, at: 1_000 });

Deno.test("Repeated: what was added counts at once, and stays only if the transaction holds", () => {
  const r = new Resubmissions(500);
  r.add(digestOf("a"), known(1));
  assert.equal(r.find(digestOf("a"), 1_100)?.id, "m1");
  r.settle(false);
  assert.equal(r.find(digestOf("a"), 1_100), null);
  r.add(digestOf("a"), known(2));
  r.settle(true);
  assert.equal(r.find(digestOf("a"), 1_100)?.id, "m2");
  assert.equal(r.find(digestOf("a"), 1_500), null, "its window is over");
});

Deno.test("Repeated: of more than it remembers the newest half is sure to be there", () => {
  const r = new Resubmissions(500);
  for (let i = 0; i < 2 * MOST_REMEMBERED; i++) {
    r.add(digestOf(`d${i}`), known(i));
    r.settle(true);
  }
  const found = Array.from(
    { length: 2 * MOST_REMEMBERED },
    (_, i) => r.find(digestOf(`d${i}`), 1_100),
  );
  const kept = found.filter((k) => k !== null).length;
  assert.ok(kept <= MOST_REMEMBERED && kept >= MOST_REMEMBERED / 2, `${kept} kept`);
  assert.ok(found.slice(-MOST_REMEMBERED / 2).every((k) => k !== null));
});

Deno.test("Repeated: no part of the key passes for a part of the body", () => {
  const r = new Resubmissions(1);
  assert.notEqual(
    r.digest("a\nb").update("c").digest("hex"),
    r.digest("a").update("\nbc").digest("hex"),
  );
});

Deno.test("Repeated: a clock that was set back does not stretch the window", () => {
  const r = new Resubmissions(500);
  r.add(digestOf("a"), { ...known(1), at: 90_000 });
  r.settle(true);
  assert.equal(r.find(digestOf("a"), 90_100)?.id, "m1");
  assert.equal(r.find(digestOf("a"), 1_000), null);
});

Deno.test("Generation: holds what a Map would hold, until it is full", () => {
  const entry = fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }), fc.nat());
  fc.assert(fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
    const generation = new DigestTable(20);
    const map = new Map<string, number>();
    for (const [digest, number] of entries) {
      const fits = map.size < 20 || map.has(digest.join());
      assert.equal(generation.set(digest, known(number)), fits);
      if (fits) map.set(digest.join(), number);
      assert.equal(generation.full, map.size === 20);
    }
    for (const [digest] of entries) {
      const number = map.get(digest.join());
      assert.deepEqual(generation.get(digest), number === undefined ? null : known(number));
    }
    assert.equal(generation.get(new Uint8Array(16).fill(7)), null);
  }));
});
