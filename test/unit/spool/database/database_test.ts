import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openDatabase, SpoolDatabase } from "../../../../lib/spool/database/database.ts";
import type {
  ClaimedRow,
  CommitOp,
  Op,
  ReadPart,
} from "../../../../lib/spool/database/protocol.ts";
import { PER_MESSAGE, STATE } from "../../../../lib/spool/database/schema.ts";
import { octets, text } from "../../../support/octets.ts";
import { message as messageOf, one } from "../../../support/spool_ops.ts";
import { claim, ids, LEASE, type World, world } from "../../../support/spool_world.ts";

const DAY = 86_400_000;

const message = (w: World, id: string, lease: boolean, o: Partial<CommitOp> = {}): CommitOp =>
  messageOf(w, id, { lease, ...o });

const settle = (key: number, state: number, due = 0): Op => ({
  op: "settle",
  rows: [{ key, state, due, status: null, reply: "ok", remote: null }],
  bounce: null,
});

Deno.test(
  "SpoolDatabase: results that come together finish the messages that are done, and no other",
  world((w) => {
    const db = w.process("a");
    const two = [{ address: "b@example.org", hop: "mx" }, { address: "c@example.org", hop: "mx" }];
    const ops = ["m1", "m2", "m3", "m4"].map((id) =>
      message(w, id, true, id === "m2" ? { recipients: two } : {})
    );
    const numbers = db.run(ops).map((r) => {
      assert.ok(r.ok);
      return r.value as number;
    });
    const [first, second, third] = numbers.map((n) => n * PER_MESSAGE);
    db.run([first!, second!, third!].map((key) => settle(key, STATE.delivered)));
    const left = (ofTable: string) => w.count(ofTable);
    assert.equal(left("finished"), 2);
    assert.equal(left("chunk"), 2);
    for (const id of ["m2", "m4"]) {
      assert.equal((one(db, { op: "read", id, chunk: -1 }) as ReadPart).parts.length, 2, id);
    }
    db.run([settle(second! + 1, STATE.failed)]);
    assert.equal(left("finished"), 3);
    assert.equal(left("chunk"), 1);
  }),
);

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
  "SpoolDatabase: a claim gives the urgent first, and each sender and next hop a turn, QUE-4",
  world((w) => {
    const db = w.process("a");
    const add = (id: string, o: Partial<CommitOp>) => one(db, message(w, id, false, o));
    for (let i = 0; i < 100; i++) add(`big${i}`, { account: "big" });
    add("small", { account: "small" });
    add("urgent", { account: "big", priority: 3 });
    add("elsewhere", {
      account: "big",
      recipients: [{ address: "x@y.example", hop: "mx:y.example" }],
    });
    const claim = (o: { fair?: boolean; except?: ReadonlyArray<string> }) =>
      (one(db, { op: "claim", limit: 5, ...o }) as ReadonlyArray<ClaimedRow>).map((r) => r.id);
    assert.deepEqual(claim({ fair: true }), ["urgent", "big0", "small", "big1", "big2"]);
    const usual = w.count("recipient WHERE hop <> 'mx:y.example'");
    assert.equal(usual, 102);
    const hop = message(w, "x", false).recipients[0]!.hop;
    assert.deepEqual(claim({ except: [hop] }), ["elsewhere"]);
    assert.deepEqual(claim({ except: [hop] }), []);
  }),
);

Deno.test(
  "SpoolDatabase: an address that its host does not know is suppressed for a while, where that is wanted",
  world((w) => {
    for (const suppressMs of [0, DAY]) {
      const db = new SpoolDatabase(
        { open: w.path, owner: `a${suppressMs}`, keepDays: 1, leaseMs: LEASE, suppressMs },
        () => w.now,
      );
      try {
        for (
          const [status, remote] of [
            ["5.1.1", "mx"],
            ["5.7.1", "mx"],
            ["5.1.1", null],
          ] as const
        ) {
          const recipients = [{ address: `Bob${status}${remote}@example.org`, hop: "mx" }];
          one(db, message(w, `m${suppressMs}${status}${remote}`, false, { recipients }));
          const [row] = claim(db);
          const failed = { state: STATE.failed, due: 0, status, reply: "550 no", remote };
          one(db, { op: "settle", rows: [{ key: row!.key, ...failed }], bounce: null });
        }
        const found = one(db, { op: "suppressed" });
        const want = suppressMs === 0 ? [] : ["bob5.1.1mx@example.org"];
        assert.deepEqual(found instanceof Set ? [...found] : null, want);
      } finally {
        db.close();
      }
    }
    w.now += DAY + 1;
    const found = one(w.process("b"), { op: "suppressed" });
    assert.deepEqual(found instanceof Set ? [...found] : null, []);
  }),
);

for (const jump of [3_600_000, 365 * DAY, -3_600_000, -365 * DAY]) {
  Deno.test(
    `SpoolDatabase: a clock that jumps by ${jump} ms neither sends twice nor forgets, QUE-1`,
    world((w) => {
      let steady = 0;
      const pass = (ms: number) => {
        w.now += ms;
        steady += ms;
      };
      const open = (owner: string) =>
        new SpoolDatabase(
          { open: w.path, owner, keepDays: 1, leaseMs: LEASE, longestDelayMs: 7_200_000 },
          () => w.now,
          () => steady,
        );
      const [a, b] = [open("a"), open("b")];
      try {
        one(a, message(w, "under way", true));
        one(a, message(w, "waits", false));
        const [row] = claim(a);
        one(a, settle(row!.key, STATE.queued, w.now + 1_800_000));
        assert.deepEqual(ids(b), []);
        w.now += jump;
        // before anybody could renew
        assert.ok(!ids(a).includes("under way"));
        assert.ok(!ids(b).includes("under way"));
        for (const db of [a, b]) one(db, { op: "tick" });
        pass(1_000);
        assert.ok(![...ids(a), ...ids(b)].includes("under way"));
      } finally {
        a.close();
        b.close();
      }
      // whoever died before the jump loses its lease, and what waits is due within its delay
      const c = open("c");
      try {
        const found = new Set<string>();
        for (let i = 0; i < 1_200; i++) {
          one(c, { op: "tick" });
          ids(c).forEach((id) => found.add(id));
          pass(5_000);
        }
        assert.deepEqual([...found].sort(), ["under way", "waits"]);
      } finally {
        c.close();
      }
    }),
  );
}

const HOLD = { reason: "odd", until: null, then: "release", notify: false, token: null } as const;

/** The tables of schema 1, as far as the later ones differ. */
const FIRST_SCHEMA = `
CREATE TABLE message (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, complete INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL, account TEXT, return_path TEXT, facts TEXT, size INTEGER NOT NULL DEFAULT 0,
  digest BLOB, head BLOB, trail TEXT, owner TEXT, finished_at INTEGER);
CREATE TABLE recipient (key INTEGER PRIMARY KEY, address TEXT NOT NULL, hop TEXT NOT NULL, state INTEGER NOT NULL,
  due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, owner TEXT, status TEXT, reply TEXT, remote TEXT, at INTEGER);
INSERT INTO message (number, id, complete, accepted_at, facts) VALUES (1, 'old', 1, 1, '{}');
INSERT INTO message (number, id, complete, accepted_at, facts, finished_at) VALUES (2, 'over', 1, 1, '{}', 5);
CREATE INDEX message_finished ON message (finished_at) WHERE finished_at IS NOT NULL;
INSERT INTO recipient (key, address, hop, state, due) VALUES (1048576, 'bob@example.org', 'smtp://mx:25', 0, 1);
PRAGMA user_version = 1;
`;

Deno.test(
  "openDatabase() brings a spool of the first schema up to date with what is in it",
  world((w) => {
    const old = new DatabaseSync(w.path);
    old.exec(FIRST_SCHEMA);
    old.close();
    const rows = one(w.process("p1"), { op: "claim", limit: 10 }) as ReadonlyArray<ClaimedRow>;
    assert.deepEqual(rows.map((r) => [r.id, r.address, r.via]), [["old", "bob@example.org", null]]);
    one(w.process("p1"), message(w, "held", false, { hold: HOLD }));
    assert.equal(w.count("hold"), 1);
    assert.equal(w.count("message"), 3);
    w.now += 2 * DAY;
    one(w.process("p1"), { op: "tick" });
    assert.equal(w.count("message"), 2, "the history of what was over is over");
  }),
);

Deno.test(
  "SpoolDatabase: the last hundred attempts of a recipient are remembered, QUE-4",
  world((w) => {
    const db = w.process("p1");
    one(db, message(w, "m1", false));
    for (let i = 0; i < 120; i++) {
      w.now++;
      const [row] = claim(db);
      one(db, settle(row!.key, STATE.queued, w.now));
    }
    assert.equal(w.count("history"), 100);
    assert.equal(w.count(`history WHERE at > ${w.now - 100}`), 100);
  }),
);

Deno.test(
  "openDatabase() brings a spool of schema 4 up to date with what is in it",
  world((w) => {
    one(w.process("p1"), message(w, "m1", false));
    const old = new DatabaseSync(w.path);
    old.exec("DROP TABLE event; DROP TABLE event_sink; PRAGMA user_version = 4");
    old.close();
    assert.deepEqual(ids(w.process("p2")), ["m1"]);
    assert.equal(w.count("event_sink"), 0);
  }),
);

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

Deno.test(
  "SpoolDatabase: a clock set back by a day holds nothing for a day longer",
  world((w) => {
    const db = w.process("a");
    w.now += 2 * DAY;
    one(db, message(w, "held", false, { hold: { ...HOLD, until: w.now + 30_000 } }));
    one(db, message(w, "for good", false, { hold: HOLD }));
    w.now -= DAY;
    for (let i = 0; i < 3; i++) {
      one(db, { op: "tick" });
      assert.deepEqual(ids(db), []);
      w.now += 9_000;
    }
    one(db, { op: "tick" });
    w.now += 3_001;
    assert.deepEqual(ids(db), ["held"]);
  }),
);
