import assert from "node:assert/strict";
import { Effect } from "effect";
import { memoryOutbox } from "../../../../lib/spool/thread/outbox_memory.ts";

const event = (message: string) => ({ event: "removed", message, recipients: [] }) as const;

Deno.test("memoryOutbox() keeps events for each listener until it has them, bounded by number and age", () => {
  let now = 0;
  const o = memoryOutbox(
    { names: ["a", "b"], kinds: ["removed"], keepMs: 1_000, most: 3 },
    () => now,
  );
  const page = (name: string) => Effect.runSync(o.next(name, 10));
  const told = (name: string) => page(name).events.map((e) => JSON.parse(e).message);
  Effect.runSync(o.add([event("1"), { ...event("x"), event: "released" }, event("2")]));
  assert.deepEqual([told("a"), told("a"), told("b")], [["1", "2"], ["1", "2"], ["1", "2"]]);
  Effect.runSync(o.taken("a", page("a")));
  assert.deepEqual([told("a"), told("b")], [[], ["1", "2"]]);
  Effect.runSync(o.add([event("3"), event("4"), event("5")]));
  assert.deepEqual([told("a"), page("a").dropped], [["3", "4", "5"], 0]);
  assert.deepEqual([told("b"), page("b").dropped], [["3", "4", "5"], 2]);
  Effect.runSync(o.taken("b", page("b")));
  assert.equal(page("b").dropped, 0);
  now = 1_001;
  Effect.runSync(o.add([event("6")]));
  assert.deepEqual([told("a"), page("a").dropped], [["6"], 3]);
  assert.deepEqual([told("b"), page("b").dropped], [["6"], 0]);
});
