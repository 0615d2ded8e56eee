/** The clock was ahead when messages came, and is set back: nothing waits until the wrong time. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import type { DeliverBy, Envelope, Hold } from "../../../../lib/envelope/envelope.ts";
import { openDatabase, type SpoolDatabase } from "../../../../lib/spool/database/database.ts";
import type { CommitOp } from "../../../../lib/spool/database/protocol.ts";
import { STATE } from "../../../../lib/spool/database/schema.ts";
import { takeOver } from "../../../../lib/spool/database/take_over.ts";
import { PLAIN } from "../../../support/plain_envelope.ts";
import { message, one } from "../../../support/spool_ops.ts";
import { claim, ids, type World, world } from "../../../support/spool_world.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** Who has a clock. */
type Timed = Pick<World, "now">;

const holdFor = (w: Timed, ms: number): Hold => ({
  until: w.now + ms,
  request: `for;${ms / 1000}`,
  account: "alice",
});
const holdUntil = (until: number): Hold => ({
  until,
  request: `until;${new Date(until).toISOString()}`,
  account: "alice",
});
const by = (w: Timed, ms: number): DeliverBy => ({
  deadline: w.now + ms,
  mode: "R",
  trace: false,
});

/** As the server commits it. */
const asked = (
  w: Timed,
  id: string,
  more: Partial<Pick<Envelope, "hold" | "deliverBy">>,
  o: Partial<CommitOp> = {},
): CommitOp =>
  message(w, id, {
    facts: JSON.stringify({ envelope: { ...PLAIN, ...more }, session: null, eightBit: false }),
    due: more.hold?.until ?? w.now,
    ...o,
  });

/** What is kept of a message. */
const stored = (w: World, id: string) => {
  const db = new DatabaseSync(w.path);
  try {
    const m = db.prepare("SELECT accepted_at, facts FROM message WHERE id = ?").get(id);
    const { envelope, ...rest } = JSON.parse(String(m?.["facts"])) as { envelope: Envelope };
    return { acceptedAt: Number(m?.["accepted_at"]), envelope, rest };
  } finally {
    db.close();
  }
};

/** Ticks as the server does until something is due; gives how long that took, or null within `most`. */
const waited = (w: World, db: SpoolDatabase, id: string, most: number): number | null => {
  const start = w.now;
  for (; w.now - start <= most; w.now += MINUTE) {
    one(db, { op: "tick" });
    if (ids(db).includes(id)) return w.now - start;
  }
  return null;
};

Deno.test(
  "SpoolDatabase: HOLDFOR lasts as long as it was to last where the clock is set back, RFC 4865 §5",
  world((w) => {
    const db = w.process("a");
    w.now += 30 * DAY;
    one(db, asked(w, "held", { hold: holdFor(w, HOUR), deliverBy: by(w, 2 * HOUR) }));
    w.now -= 30 * DAY;
    const set = w.now;
    assert.equal(waited(w, db, "held", 2 * HOUR), HOUR);
    const { acceptedAt, envelope, rest } = stored(w, "held");
    assert.equal(acceptedAt, set);
    assert.deepEqual([envelope.hold?.until, envelope.hold?.request], [set + HOUR, "for;3600"]);
    assert.equal(envelope.deliverBy?.deadline, set + 2 * HOUR);
    assert.deepEqual(rest, { session: null, eightBit: false });
  }),
);

Deno.test(
  "SpoolDatabase: HOLDUNTIL keeps its time where the clock is set back, RFC 4865 §5",
  world((w) => {
    const db = w.process("a");
    const until = w.now + DAY + HOUR;
    w.now += DAY;
    one(db, asked(w, "held", { hold: holdUntil(until) }));
    w.now -= DAY;
    assert.equal(waited(w, db, "held", 2 * DAY), DAY + HOUR);
    assert.equal(stored(w, "held").envelope.hold?.until, until);
  }),
);

Deno.test(
  "SpoolDatabase: what is to be delivered BY a time has no more of it where the clock is set back, RFC 2852 §4",
  world((w) => {
    const db = w.process("a");
    w.now += DAY;
    for (const id of ["new", "tried"]) one(db, asked(w, id, { deliverBy: by(w, HOUR) }));
    const { key } = claim(db).find((r) => r.id === "tried")!;
    const again = { key, state: STATE.queued, status: "4.4.1", reply: "no", remote: null };
    one(db, { op: "settle", rows: [{ ...again, due: w.now + 10 * MINUTE }], bounce: null });
    const other = claim(db).map((r) => r.key);
    assert.deepEqual(other, []);
    w.now -= DAY;
    const set = w.now;
    assert.equal(waited(w, db, "tried", HOUR), 10 * MINUTE);
    for (const id of ["new", "tried"]) {
      assert.equal(stored(w, id).envelope.deliverBy?.deadline, set + HOUR);
    }
  }),
);

for (const ahead of [0, 1_000, MINUTE]) {
  Deno.test(
    `SpoolDatabase: a clock set back by ${ahead} ms changes no message`,
    world((w) => {
      const db = w.process("a");
      w.now += ahead;
      const accepted = w.now;
      one(db, asked(w, "held", { hold: holdFor(w, HOUR), deliverBy: by(w, DAY) }));
      w.now -= ahead;
      for (let i = 0; i < 5; i++) one(db, { op: "tick" });
      const { acceptedAt, envelope } = stored(w, "held");
      assert.equal(acceptedAt, accepted);
      assert.equal(envelope.hold?.until, accepted + HOUR);
      assert.equal(envelope.deliverBy?.deadline, accepted + DAY);
    }),
  );
}

Deno.test(
  "SpoolDatabase: many small steps back count like the one that they come to",
  world((w) => {
    const db = w.process("a");
    w.now += DAY;
    one(db, asked(w, "held", { hold: holdFor(w, HOUR) }));
    for (let i = 0; i < 4; i++) {
      w.now -= 20_000;
      one(db, { op: "tick" });
    }
    assert.equal(stored(w, "held").envelope.hold?.until, w.now + HOUR);
  }),
);

Deno.test(
  "SpoolDatabase: a clock set forward and back between two looks is noticed by what came meanwhile",
  world((w) => {
    const db = w.process("a");
    one(db, { op: "tick" });
    w.now += DAY;
    one(db, asked(w, "held", { hold: holdFor(w, HOUR) }));
    w.now -= DAY;
    assert.equal(waited(w, db, "held", 2 * HOUR), HOUR);
  }),
);

/** Below so many others the message is not looked at when a process starts. */
const MANY = 200;

for (
  const { name, end } of [
    { name: "was stopped", end: (db: SpoolDatabase) => db.release() },
    { name: "was killed", end: () => {} },
  ]
) {
  Deno.test(
    `SpoolDatabase: a clock set back just before its process ${name} is noticed by the next`,
    world((w) => {
      const a = w.process("a");
      w.now += DAY;
      one(a, { op: "tick" });
      one(a, asked(w, "held", { hold: holdFor(w, HOUR) }));
      w.now -= DAY;
      for (let i = 0; i < MANY; i++) one(a, message(w, `later ${i}`));
      end(a);
      assert.equal(waited(w, w.process("b"), "held", 2 * HOUR), HOUR);
    }),
  );
}

Deno.test(
  "SpoolDatabase: a clock set back while nothing runs is noticed at the start",
  world((w) => {
    const a = w.process("a");
    w.now += DAY;
    one(a, asked(w, "held", { hold: holdFor(w, HOUR) }));
    a.release();
    w.now -= DAY;
    assert.equal(waited(w, w.process("b"), "held", 2 * HOUR), HOUR);
  }),
);

Deno.test(
  "SpoolDatabase: a transaction that fails takes back what it did about the clock, and it is done again",
  world((w) => {
    const db = w.process("a");
    w.now += DAY;
    one(db, asked(w, "held", { hold: holdFor(w, HOUR) }));
    w.now -= DAY;
    const [ticked, twice] = db.run([{ op: "tick" }, asked(w, "held", {})]);
    assert.deepEqual([ticked?.ok, twice?.ok], [true, false]);
    assert.equal(stored(w, "held").envelope.hold?.until, w.now + HOUR);
  }),
);

Deno.test(
  "SpoolDatabase: a message held by the site's rules and by its sender waits for both, from now on",
  world((w) => {
    const db = w.process("a");
    w.now += DAY;
    const rule = { reason: "odd", then: "release", notify: false, token: null } as const;
    const both = (id: string, site: number, sender: number) =>
      asked(w, id, { hold: holdFor(w, sender) }, { hold: { ...rule, until: w.now + site } });
    one(db, both("by the site", 2 * HOUR, HOUR));
    one(db, both("by the sender", HOUR, 3 * HOUR));
    w.now -= DAY;
    assert.equal(waited(w, db, "by the site", DAY), 2 * HOUR);
    assert.equal(waited(w, db, "by the sender", DAY), HOUR);
  }),
);

Deno.test(
  "takeOver() takes what another server accepted under a clock that was ahead as accepted now",
  world((w) => {
    const db = w.process("a");
    const there = { now: w.now + DAY };
    const hold = holdFor(there, HOUR);
    const at = { address: "bob@example.org", hop: "mx", via: null, held: false, attempts: 0 };
    const copyOf = { spool: "s", origin: "b", open: [{ ...at, due: hold.until }], hold: null };
    const deliverBy = by(there, DAY);
    one(db, asked(there, "copy", { hold, deliverBy }, { recipients: [], copyOf }));
    const admin = openDatabase(w.path);
    try {
      const taken = takeOver(admin, "b", w.now, { dryRun: false, force: false });
      assert.deepEqual(taken, { messages: ["copy"], recipients: 1 });
    } finally {
      admin.close();
    }
    assert.equal(stored(w, "copy").envelope.deliverBy?.deadline, w.now + DAY);
    assert.equal(waited(w, db, "copy", 2 * HOUR), HOUR);
  }),
);

Deno.test("SpoolDatabase: whatever was promised in time lasts so long and no longer", () => {
  const seconds = (most: number) => fc.integer({ min: 1, max: most }).map((s) => s * 1000);
  const given = fc.record({
    ahead: seconds(400 * 86_400).map((ms) => ms + MINUTE),
    interval: seconds(7 * 86_400),
    absolute: fc.boolean(),
    more: fc.option(seconds(7 * 86_400)),
  });
  fc.assert(
    fc.property(given, ({ ahead, interval, absolute, more }) =>
      world((w) => {
        const db = w.process("a");
        w.now += ahead;
        const hold = absolute ? holdUntil(w.now + interval) : holdFor(w, interval);
        const deliverBy = more === null ? {} : { deliverBy: by(w, interval + more) };
        one(db, asked(w, "m", { hold, ...deliverBy }));
        w.now -= ahead;
        one(db, { op: "tick" });
        one(db, { op: "tick" });
        const due = w.now + interval + (absolute ? ahead : 0);
        const { envelope } = stored(w, "m");
        assert.equal(envelope.hold?.until, due);
        const deadline = more === null ? undefined : Math.max(due, w.now + interval + more);
        assert.equal(envelope.deliverBy?.deadline, deadline);
        w.now = due - 1;
        assert.deepEqual(ids(db), []);
        w.now = due;
        assert.deepEqual(ids(db), ["m"]);
      })()),
    { numRuns: 25 },
  );
});
