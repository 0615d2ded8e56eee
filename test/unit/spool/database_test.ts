import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openDatabase, SpoolDatabase } from "../../../lib/spool/database.ts";
import type { ClaimedRow, CommitOp, Op, ReadPart } from "../../../lib/spool/protocol.ts";
import { STATE } from "../../../lib/spool/schema.ts";
import { octets, text } from "../../support/octets.ts";

const LEASE = 15_000;
const DAY = 86_400_000;

/** A file, and a clock that only the test moves. */
const world = (body: (w: World) => void) => () => {
  const dir = Deno.makeTempDirSync({ prefix: "postern-" });
  const w = new World(`${dir}/spool.db`);
  try {
    body(w);
  } finally {
    w.close();
    Deno.removeSync(dir, { recursive: true });
  }
};

class World {
  now = 1_000_000;
  readonly path: string;
  readonly #open: Array<SpoolDatabase> = [];
  constructor(path: string) {
    this.path = path;
  }
  process(owner: string, keepDays = 1): SpoolDatabase {
    const db = new SpoolDatabase(
      { open: this.path, owner, keepDays, leaseMs: LEASE, onceMs: 1_000 },
      () => this.now,
    );
    this.#open.push(db);
    return db;
  }
  /** A value that another connection reads. */
  count(table: string): number {
    const db = new DatabaseSync(this.path);
    try {
      return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
    } finally {
      db.close();
    }
  }
  close(): void {
    for (const db of this.#open) db.close();
  }
}

const one = (db: SpoolDatabase, op: Op) => {
  const [r] = db.run([op]);
  assert.ok(r?.ok, r?.ok === false ? r.message : "no result");
  return r.value;
};

const message = (w: World, id: string, lease: boolean, o: Partial<CommitOp> = {}): CommitOp => ({
  op: "commit",
  id,
  acceptedAt: w.now,
  account: "alice",
  returnPath: "alice@example.net",
  facts: "{}",
  trail: "[]",
  head: octets("A: b\r\n\r\n"),
  staged: null,
  body: [octets("hello\r\n")],
  recipients: [{ address: "bob@example.org", hop: "mx" }],
  hold: null,
  due: w.now,
  lease,
  once: null,
  ...o,
});

const claim = (db: SpoolDatabase, limit = 10) =>
  one(db, { op: "claim", limit }) as ReadonlyArray<ClaimedRow>;
const ids = (db: SpoolDatabase) => claim(db).map((r) => r.id);

const settle = (key: number, state: number, due = 0): Op => ({
  op: "settle",
  rows: [{ key, state, due, status: null, reply: "ok", remote: null }],
  bounce: null,
});

Deno.test(
  "SpoolDatabase: a lease holds while its owner renews it, and lapses when it stops",
  world((w) => {
    const a = w.process("a");
    const b = w.process("b");
    one(a, message(w, "m1", true));
    assert.deepEqual(ids(b), []);
    for (let i = 0; i < 4; i++) {
      w.now += LEASE / 3;
      one(a, { op: "tick" });
    }
    assert.deepEqual(ids(b), []);
    w.now += LEASE; // to the millisecond it still holds
    assert.deepEqual(ids(b), []);
    w.now += 1;
    assert.deepEqual(ids(b), ["m1"]);
  }),
);

Deno.test(
  "SpoolDatabase: an owner whose lease has gone to another settles nothing, bounce and all",
  world((w) => {
    const a = w.process("a");
    const b = w.process("b");
    one(a, message(w, "m1", true));
    w.now += LEASE + 1;
    const [row] = claim(b);
    one(a, {
      op: "settle",
      rows: [{
        key: row!.key,
        state: STATE.failed,
        due: 0,
        status: "5.1.1",
        reply: "no",
        remote: null,
      }],
      bounce: message(w, "bounce", false),
    });
    assert.equal(w.count("message"), 1);
    one(b, settle(row!.key, STATE.delivered));
    assert.equal(w.count("recipient WHERE state = 3"), 1);
    assert.equal(w.count("chunk"), 0);
  }),
);

Deno.test(
  "SpoolDatabase.release() frees the leases of its owner alone",
  world((w) => {
    const a = w.process("a");
    const b = w.process("b");
    one(a, message(w, "m1", true));
    one(b, message(w, "m2", true));
    a.release();
    assert.deepEqual(ids(w.process("c")), ["m1"]);
  }),
);

Deno.test(
  "SpoolDatabase: claim gives what is due, oldest first, no more than it was asked for",
  world((w) => {
    const db = w.process("a");
    for (const id of ["m1", "m2", "m3"]) {
      one(db, message(w, id, false));
      w.now += 1;
    }
    one(db, message(w, "later", false, { due: w.now + 500 }));
    assert.deepEqual(claim(db, 2).map((r) => r.id), ["m1", "m2"]);
    assert.deepEqual(ids(db), ["m3"]);
    w.now += 500;
    assert.deepEqual(ids(db), ["later"]);
  }),
);

Deno.test(
  "SpoolDatabase: a deferred recipient is due at its time, with its attempts counted",
  world((w) => {
    const db = w.process("a");
    one(db, message(w, "m1", false));
    const [row] = claim(db);
    one(db, settle(row!.key, STATE.queued, w.now + 60_000));
    w.now += 59_999;
    assert.deepEqual(ids(db), []);
    w.now += 1;
    assert.equal(claim(db)[0]?.attempts, 1);
  }),
);

Deno.test(
  "SpoolDatabase.run(): an operation that fails spoils no other of its batch",
  world((w) => {
    const db = w.process("a");
    one(db, message(w, "m1", false));
    const results = db.run([
      message(w, "m2", false),
      message(w, "m1", false), // its id is taken
      { op: "read", id: "none", chunk: -1 },
      message(w, "m3", false),
    ]);
    assert.deepEqual(results.map((r) => r.ok), [true, false, false, true]);
    assert.deepEqual(ids(db), ["m1", "m2", "m3"]);
    assert.equal(w.count("chunk"), 3);
  }),
);

Deno.test(
  "SpoolDatabase: staged chunks become the body in order, the rest behind them",
  world((w) => {
    const db = w.process("a");
    const staged = one(db, { op: "stage", number: null, chunks: [octets("one ")] }) as number;
    assert.equal(one(db, { op: "stage", number: staged, chunks: [octets("two ")] }), staged);
    assert.deepEqual(ids(db), []);
    one(db, message(w, "m1", false, { staged, body: [octets("three\r\n")] }));
    assert.equal(claim(db)[0]?.size, "A: b\r\n\r\none two three\r\n".length);
    let out = "";
    for (let chunk: number | null = -1; chunk !== null;) {
      const part = one(db, { op: "read", id: "m1", chunk }) as ReadPart;
      out += part.parts.map(text).join("");
      chunk = part.next;
    }
    assert.equal(out, "A: b\r\n\r\none two three\r\n");
  }),
);

Deno.test(
  "SpoolDatabase: commit of a staging that was discarded fails and keeps nothing",
  world((w) => {
    const db = w.process("a");
    const staged = one(db, { op: "stage", number: null, chunks: [octets("x")] }) as number;
    one(db, { op: "discard", number: staged });
    const [r] = db.run([message(w, "m1", false, { staged })]);
    assert.equal(r?.ok, false);
    for (const table of ["message", "chunk", "recipient"]) assert.equal(w.count(table), 0);
  }),
);

Deno.test(
  "SpoolDatabase: tick drops a staging once its owner is gone, and no sooner",
  world((w) => {
    const a = w.process("a");
    const b = w.process("b");
    one(a, { op: "stage", number: null, chunks: [octets("x")] });
    w.now += LEASE;
    one(b, { op: "tick" });
    assert.equal(w.count("chunk"), 1);
    w.now += 1;
    one(b, { op: "tick" });
    assert.equal(w.count("chunk"), 0);
    assert.equal(w.count("message"), 0);
  }),
);

Deno.test(
  "SpoolDatabase: history is kept for its days, content is not",
  world((w) => {
    const db = w.process("a", 2);
    one(db, message(w, "m1", false));
    const [row] = claim(db);
    one(db, settle(row!.key, STATE.delivered));
    assert.equal(w.count("chunk"), 0);
    w.now += 2 * DAY;
    one(db, { op: "tick" });
    assert.equal(w.count("message"), 1);
    w.now += 1;
    one(db, { op: "tick" });
    assert.equal(w.count("message"), 0);
    assert.equal(w.count("recipient"), 0);
  }),
);

Deno.test(
  "SpoolDatabase: with no days to keep, nothing is left of a finished message",
  world((w) => {
    const db = w.process("a", 0);
    one(db, message(w, "m1", false));
    one(db, settle(claim(db)[0]!.key, STATE.delivered));
    assert.equal(w.count("message"), 0);
    assert.equal(w.count("recipient"), 0);
  }),
);

Deno.test("openDatabase() refuses a schema that is newer than it knows", () => {
  const dir = Deno.makeTempDirSync({ prefix: "postern-" });
  try {
    const db = openDatabase(`${dir}/spool.db`);
    db.exec("PRAGMA user_version = 99");
    db.close();
    assert.throws(() => openDatabase(`${dir}/spool.db`), /newer version/);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("openDatabase() syncs every commit", () => {
  const dir = Deno.makeTempDirSync({ prefix: "postern-" });
  const db = openDatabase(`${dir}/spool.db`);
  try {
    assert.equal(db.prepare("PRAGMA synchronous").get()?.["synchronous"], 2);
    assert.equal(db.prepare("PRAGMA journal_mode").get()?.["journal_mode"], "wal");
  } finally {
    db.close();
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test(
  "SpoolDatabase: what was submitted before a restart is known after it, within its time",
  world((w) => {
    const once = { key: "k", note: '{"stage":"submit"}' };
    const stored = { once, facts: '{"eightBit":false}', trail: '{"version":1,"trail":[]}' };
    one(w.process("a"), message(w, "m1", false, stored));
    const again = w.process("b");
    assert.deepEqual(one(again, message(w, "m2", false, stored)), { known: "m1" });
    const db = new DatabaseSync(w.path);
    assert.equal(
      db.prepare("SELECT trail FROM message WHERE id = 'm1'").get()?.["trail"],
      '{"version":1,"trail":[{"stage":"submit"}]}',
    );
    db.close();
    w.now += 1_001;
    assert.equal(typeof one(again, message(w, "m3", false, stored)), "number");
  }),
);

Deno.test(
  "SpoolDatabase: the same twice in one batch is kept once, and not at all where the batch fails",
  world((w) => {
    const once = { key: "k", note: '{"stage":"submit"}' };
    const stored = { once, facts: '{"eightBit":false}', trail: '{"version":1,"trail":[]}' };
    const db = w.process("a");
    const twice = db.run([message(w, "m1", false, stored), message(w, "m2", false, stored)]);
    assert.deepEqual(twice.map((r) => r.ok && typeof r.value), ["number", "object"]);
    const bad = { ...message(w, "m1", false), once: { ...once, key: "new" }, facts: '{"a":1}' };
    assert.equal(db.run([bad])[0]?.ok, false);
    assert.equal(typeof one(db, message(w, "m4", false, { ...stored, once: bad.once })), "number");
  }),
);
