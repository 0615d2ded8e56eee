/** What a database does with operations that were withdrawn, that find it locked, or whose message is complete. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { CommitOp, Op, OpResult } from "../../../lib/spool/database/protocol.ts";
import { PER_MESSAGE, STATE } from "../../../lib/spool/database/schema.ts";
import { octets } from "../../support/octets.ts";
import { message, one } from "../../support/spool_ops.ts";
import { ids, type World, world } from "../../support/spool_world.ts";

const ok = (results: ReadonlyArray<OpResult>): ReadonlyArray<boolean> => results.map((r) => r.ok);

const settle = (number: number, state: number): Op => ({
  op: "settle",
  rows: [{
    key: number * PER_MESSAGE,
    state,
    due: 0,
    status: null,
    reply: "ok",
    remote: null,
  }],
  bounce: null,
});

Deno.test(
  "SpoolDatabase: what was withdrawn is not begun, also where the batch fails and is run again",
  world((w) => {
    const db = w.process("a");
    const withdrawn = (place: number) => place !== 1;
    assert.deepEqual(
      ok(db.run(["m1", "m2", "m3"].map((id) => message(w, id)), withdrawn)),
      [true, false, true],
    );
    // m1 is there already: each is run in its own transaction
    assert.deepEqual(
      ok(db.run(["m1", "m4", "m5"].map((id) => message(w, id)), withdrawn)),
      [false, false, true],
    );
    assert.deepEqual([...ids(db)].sort(), ["m1", "m3", "m5"]);
  }),
);

Deno.test(
  "SpoolDatabase: whoever finds it locked waits once for the whole batch, and begins nothing",
  world((w) => {
    const db = w.process("a");
    const other = new DatabaseSync(w.path);
    try {
      // the waiting itself is SQLite's
      db.run([]);
      other.exec("BEGIN EXCLUSIVE");
      const from = performance.now();
      const begun: Array<number> = [];
      const results = db.run(["m1", "m2", "m3"].map((id) => message(w, id)), (place) => {
        begun.push(place);
        return true;
      });
      assert.deepEqual(ok(results), [false, false, false]);
      assert.deepEqual(begun, []);
      assert.ok(performance.now() - from < 15_000, "each waited by itself");
    } finally {
      other.close();
    }
    assert.deepEqual(ids(db), []);
  }),
);

Deno.test(
  "SpoolDatabase: discard leaves a body alone that has become a message",
  world((w) => {
    const db = w.process("a");
    const stage = (): number =>
      one(db, { op: "stage", number: null, chunks: [octets("hello\r\n")] }) as number;
    const kept = stage();
    one(db, message(w, "m1", { staged: kept, body: [] }));
    one(db, { op: "discard", number: kept });
    one(db, { op: "discard", number: stage() });
    assert.equal(w.count("message"), 1);
    assert.equal(w.count("chunk"), 1);
    assert.deepEqual(ids(db), ["m1"]);
  }),
);

const again = (w: World, id: string): CommitOp =>
  message(w, id, { lease: true, once: { key: "k", note: "{}" } });

for (const keepDays of [0, 1]) {
  for (
    const [state, known] of [
      [STATE.delivered, true],
      [STATE.failed, false],
      [STATE.expired, false],
    ] as const
  ) {
    const what = Object.entries(STATE).find(([, s]) => s === state)?.[0];
    Deno.test(
      `SpoolDatabase: what was ${what} is ${
        known ? "known" : "a new message"
      } when it comes again, with ${keepDays} days of history`,
      world((w) => {
        const db = w.process("a", keepDays);
        const number = one(db, again(w, "m1")) as number;
        assert.deepEqual(one(db, again(w, "m2")), { known: "m1" });
        one(db, settle(number, state));
        const second = one(db, again(w, "m3"));
        assert.equal(typeof second === "object", known);
      }),
    );
  }

  Deno.test(
    `SpoolDatabase: what is gone is not known when it comes again, with ${keepDays} days of history`,
    world((w) => {
      const db = w.process("a", keepDays);
      const number = one(db, again(w, "m1")) as number;
      const other = new DatabaseSync(w.path);
      other.prepare("DELETE FROM message WHERE number = ?").run(number);
      other.close();
      assert.equal(typeof one(db, again(w, "m2")), "number");
    }),
  );
}
