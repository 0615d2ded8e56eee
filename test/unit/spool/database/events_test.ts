import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { EVENT_KINDS, type Listeners, type OutboxPage } from "../../../../lib/ports/outbox.ts";
import { changeQueue } from "../../../../lib/spool/database/change.ts";
import { SpoolDatabase } from "../../../../lib/spool/database/database.ts";
import type { ClaimedRow, CommitOp, Op } from "../../../../lib/spool/database/protocol.ts";
import { STATE } from "../../../../lib/spool/database/schema.ts";
import { message, one } from "../../../support/spool_ops.ts";

const LEASE = 15_000;
const ALL: Listeners = { names: ["log", "webhook"], kinds: EVENT_KINDS, keepMs: 60_000, most: 5 };

class World {
  now = 1_000_000;
  readonly dir = Deno.makeTempDirSync({ prefix: "postern-" });
  readonly path = `${this.dir}/spool.db`;
  readonly #open: Array<SpoolDatabase> = [];
  process(owner: string, listeners: Listeners | null = ALL): SpoolDatabase {
    const db = new SpoolDatabase(
      {
        open: this.path,
        owner,
        keepDays: 1,
        leaseMs: LEASE,
        ...listeners === null ? {} : { listeners },
      },
      () => this.now,
    );
    this.#open.push(db);
    return db;
  }
  /** What another process finds. */
  number(sql: string): number {
    const db = new DatabaseSync(this.path);
    const n = Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    db.close();
    return n;
  }
  close(): void {
    for (const db of this.#open) db.close();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

const world = (body: (w: World) => void) => () => {
  const w = new World();
  try {
    body(w);
  } finally {
    w.close();
  }
};

const page = (db: SpoolDatabase, listener = "webhook", limit = 100) =>
  one(db, { op: "events", listener, limit }) as OutboxPage;
const told = (p: OutboxPage) =>
  p.events.map((e) => JSON.parse(e)).map((e) => `${e.message} ${e.event}`);
const settle = (key: number, state: number, o: object = {}): Op => ({
  op: "settle",
  rows: [{ key, state, due: 0, status: "4.2.0", reply: "450 busy", remote: "mx", ...o }],
  bounce: null,
});

Deno.test(
  "events stand in the transaction of what they tell, and go once every listener has them",
  world((w) => {
    const db = w.process("p1");
    one(db, message(w, "m1"));
    one(db, message(w, "dsn", { account: null, due: w.now + DAY }));
    const [row] = one(db, { op: "claim", limit: 10 }) as ReadonlyArray<ClaimedRow>;
    one(db, settle(row!.key, STATE.queued, { due: w.now }));
    one(db, { op: "claim", limit: 10 });
    one(db, settle(row!.key, STATE.delivered, { reply: "250 2.1.5 ok", status: null }));
    const first = page(db);
    assert.deepEqual(told(first), ["m1 accepted", "m1 deferred", "m1 delivered"]);
    const [, deferred, delivered] = first.events.map((e) => JSON.parse(e));
    assert.deepEqual([deferred.status, deferred.attempts, deferred.next !== null], [
      "4.2.0",
      1,
      true,
    ]);
    assert.deepEqual([delivered.status, delivered.attempts, delivered.recipient], [
      "2.1.5",
      2,
      "bob@example.org",
    ]);
    one(db, { op: "told", listener: "webhook", page: first });
    assert.deepEqual(told(page(db)), []);
    assert.equal(w.number("SELECT count(*) FROM event"), 3, "the log has not taken them");
    const log = page(db, "log");
    assert.deepEqual(log.events, first.events);
    one(db, { op: "told", listener: "log", page: log });
    assert.equal(w.number("SELECT count(*) FROM event"), 0);
    // nothing of a transaction that failed
    const [r] = db.run([message(w, "m1")]);
    assert.equal(r?.ok, false);
    assert.deepEqual(told(page(db)), []);
  }),
);

Deno.test(
  "what holds a message, releases it and takes it out is told, whoever does it",
  world((w) => {
    const db = w.process("p1");
    const hold = {
      reason: "odd",
      until: w.now + 1_000,
      then: "release",
      notify: false,
      token: null,
    };
    one(db, message(w, "kept", { hold: hold as CommitOp["hold"] }));
    one(
      db,
      message(w, "two", {
        recipients: [{ address: "a@b.c", hop: "x" }, { address: "d@e.f", hop: "y" }],
      }),
    );
    const admin = new DatabaseSync(w.path);
    const two = { id: "two" };
    changeQueue(admin, { _tag: "Hold" }, two, w.now, true);
    changeQueue(admin, { _tag: "Hold" }, two, w.now, false);
    changeQueue(admin, { _tag: "Release" }, two, w.now, false);
    changeQueue(admin, { _tag: "Remove" }, { ...two, recipient: "a@b.c" }, w.now, false);
    admin.close();
    w.now += 1_001;
    one(db, { op: "claim", limit: 10 });
    const p = page(db);
    assert.deepEqual(told(p), [
      "kept accepted",
      "kept held",
      "two accepted",
      "two held",
      "two released",
      "two removed",
      "kept released",
    ]);
    const [, kept, , held, , removed] = p.events.map((e) => JSON.parse(e));
    assert.deepEqual([kept.reason, kept.then, held.reason], ["odd", "release", null]);
    assert.deepEqual([held.recipients, removed.recipients], [["a@b.c", "d@e.f"], ["a@b.c"]]);
  }),
);

Deno.test(
  "events survive a kill; one process at a time tells a listener, and another one goes on where it ended",
  world((w) => {
    const first = w.process("p1");
    one(first, message(w, "m1"));
    const before = page(first);
    const second = w.process("p2");
    assert.deepEqual(told(page(second)), []);
    // p1 is gone without a word
    w.now += LEASE + 1;
    const after = page(second);
    assert.deepEqual(after.events, before.events);
    one(second, { op: "told", listener: "webhook", page: after });
    second.release();
    assert.deepEqual(told(page(w.process("p3"))), []);
  }),
);

Deno.test(
  "what nobody takes goes after its time, or beyond so many, and the listener is told how many",
  world((w) => {
    const db = w.process("p1");
    for (let i = 0; i < 8; i++) one(db, message(w, `m${i}`));
    assert.deepEqual(one(db, { op: "tick" }), { dropped: 3, witness: null });
    const p = page(db);
    assert.deepEqual([told(p)[0], p.events.length, p.dropped], ["m3 accepted", 5, 3]);
    one(db, { op: "told", listener: "webhook", page: p });
    assert.equal(page(db).dropped, 0);
    assert.equal(page(db, "log").dropped, 3);
    w.now += 60_001;
    one(db, message(w, "young"));
    assert.deepEqual(one(db, { op: "tick" }), { dropped: 5, witness: null });
    assert.deepEqual(told(page(db, "log")), ["young accepted"]);
    assert.equal(page(db, "log").dropped, 8);
    assert.deepEqual([told(page(db)), page(db).dropped], [["young accepted"], 0]);
    assert.deepEqual(one(db, { op: "tick" }), { dropped: 0, witness: null });
  }),
);

Deno.test(
  "nothing is kept where nobody listens, nor of what nobody wants to hear",
  world((w) => {
    one(w.process("p1", null), message(w, "m1"));
    assert.equal(w.number("SELECT count(*) FROM event"), 0);
    const bounced = w.process("p2", { ...ALL, kinds: ["bounced"] });
    one(bounced, message(w, "m2"));
    const [row] = one(bounced, { op: "claim", limit: 1 }) as ReadonlyArray<ClaimedRow>;
    one(bounced, settle(row!.key, STATE.expired));
    assert.deepEqual(told(page(bounced)), ["m1 bounced"]);
    assert.equal(JSON.parse(page(bounced).events[0] ?? "").expired, true);
    // switched off: what waited is gone
    w.process("p3", null);
    assert.equal(w.number("SELECT count(*) FROM event"), 0);
  }),
);

Deno.test(
  "events of what is not in the spool are kept like the others",
  world((w) => {
    const db = w.process("p1", { ...ALL, kinds: ["accepted"] });
    const about = { message: "m1", recipients: ["bob@example.org"] };
    one(db, {
      op: "announce",
      events: [
        {
          event: "accepted",
          ...about,
          account: "alice",
          returnPath: null,
          durability: "next hop",
        },
        { event: "removed", ...about },
      ],
    });
    assert.deepEqual(told(page(db)), ["m1 accepted"]);
  }),
);

const DAY = 86_400_000;
