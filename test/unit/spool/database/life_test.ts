/** A spool that is older than what was written after it, and files that no name leads to any more. */
import assert from "node:assert/strict";
import { openDatabase, type SpoolDatabase } from "../../../../lib/spool/database/database.ts";
import { doubtOf, markCopy } from "../../../../lib/spool/database/life.ts";
import { STATE } from "../../../../lib/spool/database/schema.ts";
import { message, one } from "../../../support/spool_ops.ts";
import { claim, ids, type World, world } from "../../../support/spool_world.ts";

const HOUR = 3_600_000;

const tick = (db: SpoolDatabase) => one(db, { op: "tick" });
/** In place of the database, which nobody has open. */
const restore = (w: World, from: string) => {
  for (const ending of ["-wal", "-shm"]) {
    try {
      Deno.removeSync(w.path + ending);
    } catch { /* it was not there */ }
  }
  Deno.copyFileSync(from, w.path);
};
const stop = (db: SpoolDatabase) => {
  db.release();
  db.close();
};
const open = (w: World, owner: string, startHeld = false) => w.process(owner, 1, startHeld);

Deno.test(
  "SpoolDatabase: what was delivered after a copy was made is held when the copy is put back, and new mail goes",
  world((w) => {
    const first = w.process("a");
    one(first, message(w, "m1"));
    w.end(first, stop);
    Deno.copyFileSync(w.path, `${w.path}.old`);
    const sender = w.process("sender");
    const [m1] = claim(sender);
    one(sender, {
      op: "settle",
      rows: [{
        key: m1!.key,
        state: STATE.delivered,
        due: 0,
        status: null,
        reply: "ok",
        remote: null,
      }],
      bounce: null,
    });
    tick(sender);
    w.end(sender, stop);
    restore(w, `${w.path}.old`);
    const second = open(w, "b");
    assert.match(second.before.doubt ?? "", /older/);
    one(second, message(w, "m2"));
    assert.deepEqual(ids(second), ["m2"]);
    w.end(second, stop);
    // it was asked once
    const third = open(w, "c");
    assert.equal(third.before.doubt, null);
    assert.deepEqual(ids(third), ["m2"]);
  }),
);

Deno.test(
  "SpoolDatabase: after a kill, between a commit and the file beside it, nothing is held",
  world((w) => {
    const first = w.process("a");
    one(first, message(w, "m1"));
    tick(first);
    one(first, message(w, "m2"));
    w.end(first, (db) => db.close());
    const second = open(w, "b");
    assert.equal(second.before.doubt, null);
    assert.deepEqual(ids(second), ["m1", "m2"]);
  }),
);

Deno.test(
  "SpoolDatabase: a marked copy starts held, and so does any spool by wish",
  world((w) => {
    const first = w.process("a");
    one(first, message(w, "m1"));
    w.end(first, stop);
    const db = openDatabase(w.path);
    markCopy(db, w.now);
    db.close();
    const second = open(w, "b");
    assert.match(second.before.doubt ?? "", /copy/);
    assert.deepEqual(ids(second), []);
    one(second, message(w, "m2"));
    w.end(second, stop);
    const third = open(w, "c", true);
    assert.equal(third.before.doubt, null);
    assert.deepEqual(ids(third), []);
  }),
);

Deno.test("doubtOf() doubts a spool that took the place of another one", () => {
  const own = { spool: "a", count: 9 };
  assert.equal(doubtOf(own, null, null), null);
  assert.equal(doubtOf(own, null, { spool: "a", count: 9 }), null);
  assert.match(doubtOf(own, null, { spool: "a", count: 10 }) ?? "", /older/);
  assert.match(doubtOf(own, null, { spool: "b", count: 1 }) ?? "", /another/);
});

Deno.test(
  "SpoolDatabase: it knows for how long nothing ran",
  world((w) => {
    const first = w.process("a");
    assert.equal(first.before.downMs, 0);
    w.end(first, stop);
    w.now += 144 * HOUR;
    assert.equal(open(w, "b").before.downMs, 144 * HOUR);
  }),
);

for (const ending of ["", "-wal", "-shm"]) {
  for (const how of ["removed", "renamed", "replaced"] as const) {
    Deno.test(
      `SpoolDatabase: nothing is accepted while spool.db${ending} is ${how}, and what it has still goes`,
      world((w) => {
        const db = w.process("a");
        one(db, message(w, "m1"));
        assert.equal(one(db, { op: "lost" }), null);
        const path = w.path + ending;
        if (how === "removed") Deno.removeSync(path);
        else Deno.renameSync(path, `${path}.away`);
        if (how === "replaced") Deno.writeTextFileSync(path, "");
        assert.match(String(one(db, { op: "lost" })), /under the running server/);
        const [refused, taken] = db.run([message(w, "m2"), { op: "claim", limit: 10 }]);
        assert.equal(refused?.ok, false);
        assert.equal(taken?.ok, true);
        if (how === "removed") return;
        Deno.renameSync(`${path}.away`, path);
        assert.equal(one(db, { op: "lost" }), null);
        one(db, message(w, "m3"));
      }),
    );
  }
}

Deno.test(
  "SpoolDatabase: a file that goes while the commit is under way makes it no 250, and it is not sent should the file come back",
  world((w) => {
    const db = w.process("a");
    const [r] = db.run([message(w, "m1")], () => {
      Deno.renameSync(w.path, `${w.path}.away`);
      return true;
    });
    assert.equal(r?.ok === false && /under the running server/.test(r.message), true);
    Deno.renameSync(`${w.path}.away`, w.path);
    one(db, message(w, "m2"));
    assert.deepEqual(ids(db), ["m2"]);
  }),
);

Deno.test(
  "SpoolDatabase: where nobody ran, no hold returns its message meanwhile; where the start is held, none ends by itself",
  world((w) => {
    const hold = (then: "expire" | "release") => ({
      reason: "a check",
      until: w.now + HOUR,
      then,
      notify: false,
      token: null,
    });
    const first = w.process("a");
    one(first, message(w, "back", { hold: hold("expire") }));
    one(first, message(w, "goes", { hold: hold("release") }));
    w.end(first, stop);
    w.now += 48 * HOUR;
    const second = open(w, "b");
    assert.equal(second.before.sinceDownMs, 0);
    assert.deepEqual(ids(second), ["goes"]);
    w.end(second, stop);
    w.now += 60_000;
    const third = open(w, "c", true);
    assert.equal(third.before.sinceDownMs, 60_000);
    w.now += 48 * HOUR;
    assert.deepEqual(ids(third), []);
  }),
);
