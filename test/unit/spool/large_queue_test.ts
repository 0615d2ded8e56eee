/** A queue of 200,000 messages beside a long history: listing, filtering, changing and start-up stay quick. */
import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import { Spool } from "../../../lib/ports/spool.ts";
import { SpoolAdmin } from "../../../lib/ports/spool_admin.ts";
import { openDatabase, SpoolDatabase } from "../../../lib/spool/database/database.ts";
import { PER_MESSAGE } from "../../../lib/spool/database/schema.ts";
import { spoolLayer } from "../../../lib/spool/sqlite.ts";
import { adminLayer } from "../../../lib/spool/sqlite_admin.ts";
import { one } from "../../support/spool_ops.ts";
import { temporaryDirectory } from "../../support/temporary_directory.ts";

const QUEUED = 200_000;
const FINISHED = 100_000;
const LIMIT_MS = 2_000;
/** It comes every five seconds, and accepting waits for it. */
const TICK_MS = 50;
const DAY = 86_400_000;

/** Rows as `commit` makes them, much faster: every tenth to one domain, every hundredth of one sender. */
const fill = (path: string): void => {
  const db = openDatabase(path);
  const due = Date.now() + 3_600_000;
  const facts = JSON.stringify({
    envelope: {
      returnPath: null,
      recipients: [],
      body: "7BIT",
      smtpUtf8: false,
      declaredSize: null,
    },
    session: null,
    eightBit: false,
  });
  try {
    db.exec("BEGIN");
    const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${
      QUEUED + FINISHED
    })`;
    db.prepare(
      `${numbers} INSERT INTO message (number, id, complete, accepted_at, account, return_path, facts, size, digest, head, trail)
       SELECT i, 'Q' || i, 1, i, 'alice', CASE WHEN i % 100 = 0 THEN 'rare' ELSE 'alice' END || '@example.net', ?,
         2000, x'00', zeroblob(800), zeroblob(600) FROM n`,
    ).run(facts);
    db.prepare(
      `${numbers} INSERT INTO recipient (key, address, hop, state, due, sender)
       SELECT i * ${PER_MESSAGE}, 'bob' || i || CASE WHEN i % 10 = 0 THEN '@ten.example' ELSE '@example.org' END,
         'smtp://mx:25', CASE WHEN i <= ${FINISHED} THEN 3 ELSE 0 END, ?, 'alice' FROM n`,
    ).run(due);
    db.exec("COMMIT");
  } finally {
    db.close();
  }
};

/** A server's own database, under a clock that is right until it is `set`. */
const clockedOn = (path: string) => {
  let off = 0;
  const settings = { open: path, owner: "me", keepDays: 10_000, leaseMs: 15_000 };
  const db = new SpoolDatabase(settings, () => Date.now() + off);
  return {
    set: (ms: number) => {
      off += ms;
    },
    tick: () => void one(db, { op: "tick" }),
    close: () => db.close(),
  };
};

/** Reading every recipient, on a machine that does nothing else. */
const ALL_ROWS_MS = 250;

/** How many times as long as that it takes now. */
const slowness = (path: string): number => {
  const db = openDatabase(path);
  try {
    const start = performance.now();
    for (const _ of db.prepare("SELECT key, address, hop FROM recipient").iterate());
    return (performance.now() - start) / ALL_ROWS_MS;
  } finally {
    db.close();
  }
};

Deno.test(`QUE-4: a queue of ${QUEUED} messages lists, filters and starts up in under 2 seconds`, async (t) => {
  /**
   * The best of three counts, and on a machine that is busy with other tests they may take as much longer as reading
   * every row does.
   */
  const timed = (what: string, body: () => Promise<void> | void, limit = LIMIT_MS, tries = 3) =>
    t.step(what, async () => {
      let ms = Infinity;
      let allowed = limit;
      for (let i = 0; i < tries && ms >= allowed; i++) {
        const start = performance.now();
        await body();
        ms = performance.now() - start;
        if (ms >= allowed) allowed = Math.max(allowed, limit * slowness(path));
      }
      assert.ok(ms < allowed, `${what}: ${ms.toFixed(0)} ms of ${allowed.toFixed(0)}`);
    });
  let path = "";
  await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    path = `${yield* temporaryDirectory}/spool.db`;
    fill(path);
    const context = yield* Layer.build(adminLayer(path));
    const admin = <A, E>(e: Effect.Effect<A, E, SpoolAdmin>) =>
      Effect.runPromise(Effect.provide(e, context));
    yield* Effect.promise(async () => {
      await timed("the first thousand", async () => {
        const page = await admin(SpoolAdmin.use((a) => a.list({ all: false, limit: 1_000 })));
        assert.deepEqual([page.length, page[0]?.id], [1_000, `Q${FINISHED + 1}`]);
      });
      await timed("counted", async () => {
        const [c] = await admin(Effect.flatMap(SpoolAdmin, (a) => a.count));
        assert.equal(c?.recipients, QUEUED);
      });
      for (
        const [what, selection, n] of [
          ["by domain", { domain: ["ten.example"] }, QUEUED / 10],
          ["by sender", { sender: "rare@example.net" }, QUEUED / 100],
          ["by recipient", { recipient: "bob150000@ten.example" }, 1],
          ["by age", { before: FINISHED + 11 }, 10],
          ["by id", { id: "Q123456" }, 1],
        ] as const
      ) {
        await timed(what, async () => {
          let seen = 0;
          const more = await admin(
            SpoolAdmin.use((a) => a.walk({ all: false, selection, limit: 1_000 }, () => seen++)),
          );
          assert.equal(seen + more, n);
        });
      }
      await t.step("held by domain", async () => {
        const c = await admin(
          SpoolAdmin.use((a) => a.change({ _tag: "Hold" }, { domain: ["ten.example"] })),
        );
        assert.equal(c.recipients, QUEUED / 10);
      });
      await timed("shown", async () => {
        assert.equal((await admin(SpoolAdmin.use((a) => a.show("Q299999"))))?.id, "Q299999");
      });
      const { set, tick, close } = clockedOn(path);
      await timed("a tick", tick, TICK_MS);
      set(-DAY);
      await timed("a tick after the clock was set back", tick);
      close();
      await timed("started up", async () => {
        await admin(SpoolAdmin.use((a) => a.change({ _tag: "Hold" }, { id: "Q250001" })));
        const server = Effect.flatMap(Spool, (s) => Effect.timeoutOption(s.take(10), "10 millis"));
        await Effect.runPromise(Effect.provide(server, spoolLayer({ path, keepDays: 10_000 })));
      });
    });
  })));
});
