/**
 * The spool's operations on one SQLite connection, synchronous. Runs on its own thread in the server
 * (`sqlite_worker.ts`), in place in the command line and in tests.
 */
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import type {
  Before,
  ClaimedRow,
  ClaimOp,
  CommitOp,
  KnownMessage,
  Op,
  OpenRequest,
  OpResult,
  SettleOp,
} from "./protocol.ts";
import {
  aliveAs,
  bodyPart,
  forgetTaken,
  heardOf,
  listCopies,
  ownSpool,
  replicatedAfter,
  standingOf,
  storedAs,
  takeOut,
  updateCopies,
} from "./copies.ts";
import { commitMessage } from "./commit.ts";
import {
  Damaged,
  dropStaged,
  isCorrupt,
  readContent,
  readStaged,
  stageChunks,
  unlessCorrupt,
} from "./content.ts";
import { changeQueue } from "./change.ts";
import { EventStore } from "./events.ts";
import { dropMessages, finishMessages } from "./finished.ts";
import { endHolds, stopHolds } from "./holds.ts";
import { type Sql, statementsOf } from "./transaction.ts";
import { Leases } from "./leases.ts";
import { Life } from "./life.ts";
import { MOST_REMEMBERED, Resubmissions } from "./resubmissions.ts";
import { numberOf, rangesOf } from "./number_ranges.ts";
import {
  MIGRATIONS,
  PER_MESSAGE,
  PRAGMAS,
  REMEMBER,
  SCHEMA,
  SCHEMA_VERSION,
  STATE,
} from "./schema.ts";
import { NO_ENVELOPE } from "./set_aside.ts";
import { keepPrivate } from "./private_file.ts";
import { SameFile } from "../../files/same_file.ts";
import { ClockSetBack } from "./clock_set_back.ts";

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const DAY = 86_400_000;
/** So long after a long time without a process nothing that waits for receivers goes by its age. */
const GRACE_MS = DAY / 4;
/** Messages dropped in one go when their history is over. */
const PURGE = 500;

/** Opens the file, makes the tables where they are missing, refuses a newer schema. */
export const openDatabase = (path: string): DatabaseSync => {
  keepPrivate(path);
  const db = new DatabaseSync(path, { timeout: 10_000 });
  try {
    db.exec(PRAGMAS);
    if (versionOf(db) !== SCHEMA_VERSION) bringUpToDate(db);
  } catch (e) {
    db.close();
    throw e;
  }
  return db;
};

const versionOf = (db: DatabaseSync): number =>
  Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);

const bringUpToDate = (db: DatabaseSync): void => {
  db.exec("BEGIN IMMEDIATE");
  // another process may have been faster
  const version = versionOf(db);
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `the spool was written by a newer version (schema ${version}, known ${SCHEMA_VERSION})`,
    );
  }
  if (version > 0) { for (let v = version; v < SCHEMA_VERSION; v++) db.exec(MIGRATIONS[v] ?? ""); }
  db.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
};

/** By SQLite's primary result code. */
const failsWith = (e: unknown, code: number): boolean =>
  e instanceof Error && "errcode" in e && typeof e.errcode === "number" &&
  (e.errcode & 0xff) === code;
const isFull = (e: unknown): boolean => failsWith(e, SQLITE_FULL);
const isLocked = (e: unknown): boolean => failsWith(e, SQLITE_BUSY);

export class SpoolDatabase {
  readonly #db: DatabaseSync;
  readonly #owner: string;
  readonly #keepMs: number;
  readonly #leaseMs: number;
  readonly #longestMs: number;
  readonly #suppressMs: number;
  readonly #sql: Sql;
  readonly #now: () => number;
  /** Messages of which a recipient was settled for good in the transaction under way. */
  readonly #settled = new Set<number>();
  readonly #repeated: Resubmissions;
  readonly #events: EventStore;
  readonly #leases: Leases;
  readonly #setBack: ClockSetBack;
  readonly #life: Life;
  readonly #file: SameFile;
  /** What was set aside and is not told yet. */
  readonly #isolated: Array<ClaimedRow> = [];
  /** What this process found at its start. */
  readonly before: Before;
  /** Of the database, when somebody asked last whether another process has changed it. */
  #seen: unknown;

  constructor(
    o: OpenRequest,
    now: () => number = Date.now,
    steady: () => number = now === Date.now ? () => performance.now() : now,
  ) {
    this.#db = openDatabase(o.open);
    this.#sql = statementsOf(this.#db);
    this.#owner = o.owner;
    this.#keepMs = o.keepDays * DAY;
    this.#leaseMs = o.leaseMs;
    this.#suppressMs = o.suppressMs ?? 0;
    this.#longestMs = o.longestDelayMs ?? DAY;
    this.#now = now;
    this.#leases = new Leases(this.#sql, o.owner, o.leaseMs, steady);
    this.#repeated = new Resubmissions(o.onceMs ?? 0);
    this.#events = new EventStore(this.#sql);
    this.#setBack = new ClockSetBack(this.#sql, this.#now(), o.leaseMs);
    this.#life = new Life(this.#sql, o.open, o.owner);
    this.before = this.#life.before(this.#now());
    const held = this.before.doubt ?? (o.startHeld === true ? "the server was started held" : null);
    if (held !== null) {
      changeQueue(this.#db, { _tag: "Hold", reason: held, doubted: true }, {}, this.#now(), false);
    }
    this.#transaction(() => {
      if (held !== null) stopHolds(this.#sql);
      this.#life.forgive(this.#now(), this.before);
      this.#life.renew(this.#now());
      if (this.before.doubt !== null) this.#life.adopt();
      this.#leases.renew(this.#now());
      this.#events.listen(o.listeners ?? null);
    });
    // outside of the transaction, which SQLite would undo where a page is broken
    unlessCorrupt(() => this.#remember());
    this.#life.witness();
    this.#file = new SameFile(o.open);
    this.#seen = this.#version();
  }

  /** What was submitted within the window before this process began. */
  #remember(): void {
    if (!this.#repeated.on) return;
    const rows = this.#sql(
      "SELECT number, id, accepted_at, CASE WHEN json_valid(facts) THEN json_extract(facts, '$.once') END AS once FROM message WHERE complete = 1 AND number > (SELECT coalesce(max(number), 0) FROM message) - ? ORDER BY number",
    ).iterate(MOST_REMEMBERED);
    const since = this.#repeated.since(this.#now());
    for (const m of rows) {
      const at = m["accepted_at"] as number;
      if (typeof m["once"] !== "string" || at <= since) continue;
      const digest = Buffer.from(m["once"], "base64url");
      // not one of ours
      if (digest.length < 16) continue;
      this.#repeated.add(digest, { number: m["number"] as number, id: m["id"] as string, at });
    }
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Runs the operations in one transaction, which is on stable storage on return. If one of them fails they
   * are run again each in its own, so that a fault stays with the operation that caused it. `begin`: whether the
   * operation at this place may still be begun; asked once the database is ours, so that what waits for it can be
   * withdrawn for certain.
   */
  run(
    ops: ReadonlyArray<Op>,
    begin: (place: number) => boolean = () => true,
  ): ReadonlyArray<OpResult> {
    if (ops.every(onlyLooks)) {
      return ops.map((o) => alone(() => ({ ok: true, value: this.#apply(o) })));
    }
    const one = (op: Op, place: number): OpResult =>
      begin(place) ? { ok: true, value: this.#apply(op) } : WITHDRAWN;
    if (!ops.some(accepts)) return this.#together(ops, one);
    const lost = this.#file.lost();
    if (lost === null) return this.#stillHere(ops, this.#together(ops, one));
    // what is in the files still goes on its way; nothing new comes into files that no name leads to
    return ops.map((o, place) =>
      accepts(o) ? refused(lost) : alone(() => this.#transaction(() => one(o, place)))
    );
  }

  /** Files that were taken away while the commit was under way: nobody is told that it was accepted. */
  #stillHere(
    ops: ReadonlyArray<Op>,
    results: ReadonlyArray<OpResult>,
  ): ReadonlyArray<OpResult> {
    const lost = this.#file.lost();
    if (lost === null) return results;
    return ops.map((o, i) => {
      const result = results[i] ?? refused(lost);
      if (!accepts(o) || !result.ok) return result;
      // it is sent again by its client: once is enough should the files come back
      if (o.op === "commit" && typeof result.value === "number") {
        alone(() => {
          changeQueue(this.#db, { _tag: "Remove" }, { id: o.id }, this.#now(), false);
          return result;
        });
      }
      return refused(lost);
    });
  }

  #together(
    ops: ReadonlyArray<Op>,
    one: (op: Op, place: number) => OpResult,
  ): ReadonlyArray<OpResult> {
    try {
      const results = this.#transaction(() => ops.map(one));
      if (ops.some((o) => o.op === "tick")) {
        this.#purge();
        this.#bearWitness();
      }
      return ops.map((o, i) => this.#withContent(o, results[i] ?? WITHDRAWN));
    } catch (e) {
      if (isCorrupt(e) && this.#isolate()) return this.#together(ops, one);
      if (ops.length === 1) return [failure(e)];
      let locked = isLocked(e) ? failure(e) : null;
      return ops.map((o, place) => {
        // otherwise every operation would wait for the lock again
        if (locked !== null) return locked;
        try {
          return this.#withContent(o, this.#transaction(() => one(o, place)));
        } catch (again) {
          const failed = failure(again);
          if (isLocked(again)) locked = failed;
          return failed;
        }
      });
    }
  }

  #withContent(op: Op, result: OpResult): OpResult {
    return op.op !== "claim" || !result.ok
      ? result
      : { ok: true, value: this.#leases.withContent(result.value as ReadonlyArray<ClaimedRow>) };
  }

  /** Sets aside what nobody can read of what is due; whether there was any. */
  #isolate(): boolean {
    const now = this.#now();
    const rows = this.#leases.broken(now);
    if (rows.length === 0) return false;
    this.#transaction(() => {
      const update = this.#sql(
        `UPDATE recipient SET state = ${STATE.damaged}, owner = NULL, reply = ?, at = ? WHERE key = ?`,
      );
      for (const { key } of rows) {
        update.run(NO_ENVELOPE, now, key);
        this.#settled.add(numberOf(key));
      }
    });
    this.#isolated.push(...rows);
    return true;
  }

  #transaction<A>(f: () => A): A {
    this.#sql("BEGIN IMMEDIATE").run();
    try {
      this.#settled.clear();
      const value = f();
      if (this.#settled.size > 0) {
        finishMessages(
          this.#sql,
          this.#settled,
          this.#now(),
          this.#keepMs,
          (number) => this.#repeated.delivered(number),
        );
      }
      this.#sql("COMMIT").run();
      this.#repeated.settle(true);
      return value;
    } catch (e) {
      this.#repeated.settle(false);
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw e;
    }
  }

  #apply(op: Op): (OpResult & { ok: true })["value"] {
    switch (op.op) {
      case "commit":
        return this.#commit(op);
      case "stage":
        return stageChunks(this.#sql, op.number, op.chunks, this.#owner, this.#now());
      case "staged":
        return readStaged(this.#sql, op.number, op.index);
      case "discard":
        dropStaged(this.#sql, op.number);
        return null;
      case "claim":
        return this.#claim(op);
      case "read":
        return readContent(this.#sql, op.id, op.chunk);
      case "settle":
        return this.#settle(op);
      case "giveBack":
        this.#leases.giveBack(op.keys);
        return null;
      case "held":
        return this.#held(op.account);
      case "ours":
        return this.#leases.ours(op.always);
      case "suppressed":
        return new Set(
          this.#sql("SELECT address FROM suppressed WHERE until > ?").all(this.#now())
            .map((r) => r["address"] as string),
        );
      case "events":
        return this.#events.next(op.listener, op.limit, this.#owner, this.#now());
      case "announce":
        this.#events.add(this.#now(), op.events);
        return null;
      case "told":
        this.#events.taken(op.listener, op.page, this.#owner);
        return null;
      case "copies":
        return listCopies(this.#sql, op.source, op.which, op.after, op.limit);
      case "copiesStand":
        forgetTaken(this.#sql, op.source, op.yielded);
        return updateCopies(this.#sql, op.source, op.standing);
      case "source": {
        const heard = heardOf(this.#sql, op.source, op.last);
        if (heard) this.#leases.heard(aliveAs(op.source), this.#now());
        return heard;
      }
      case "ownSpool":
        return ownSpool(this.#sql);
      case "standing":
        return standingOf(this.#sql, op.ids);
      case "replicated":
        return replicatedAfter(this.#sql, op.after, op.limit);
      case "stored":
        return storedAs(this.#sql, op.id);
      case "bodyPart":
        return bodyPart(this.#sql, op.id, op.index);
      case "changed":
        return this.#changed();
      case "yield":
        return this.#yield(op.ids, op.by);
      case "lost":
        return this.#file.lost();
      case "tick":
        this.#life.renew(this.#now());
        this.#leases.renew(this.#now());
        this.#forward();
        return {
          dropped: this.#events.trim(
            this.#now(),
            this.#life.backWithin(GRACE_MS, this.#now()),
          ),
          witness: this.#life.fault,
        };
    }
  }

  #commit(m: CommitOp): number | KnownMessage {
    // by the clock of another server
    if (m.copyOf === undefined) this.#setBack.saw(m.acceptedAt);
    const committed = commitMessage(this.#sql, m, this.#owner, this.#repeated);
    if (typeof committed === "number" && this.#events.on) this.#events.accepted(m);
    return committed;
  }

  /** What was tried and seems due later than any retry is, the clock was set back under. */
  #forward(): void {
    const now = this.#now();
    this.#setBack.amend(now);
    this.#sql("UPDATE recipient SET due = ? WHERE state = 0 AND due > ? AND attempts > 0")
      .run(now, now + Math.max(60_000, this.#longestMs));
  }

  /** By another process than this one. */
  #changed(): boolean {
    const version = this.#version();
    const changed = version !== this.#seen;
    this.#seen = version;
    return changed;
  }

  #version(): unknown {
    return this.#sql("PRAGMA data_version").get()?.["data_version"];
  }

  /** What of these messages was open. */
  #yield(ids: ReadonlyArray<string>, by: string): number {
    const keys = takeOut(this.#sql, ids, by, this.#now());
    for (const key of keys) this.#settled.add(numberOf(key));
    return keys.length;
  }

  #claim(op: ClaimOp): ReadonlyArray<ClaimedRow> {
    const now = this.#now();
    this.#leases.lapse(now);
    for (const released of endHolds(this.#sql, now)) {
      if (this.#events.on) this.#events.releasedAll(released, now);
    }
    const rows = this.#leases.claim(op, now);
    // so that the log hears of them
    return this.#isolated.length === 0 ? rows : [...rows, ...this.#isolated.splice(0)];
  }

  #held(account: string): number {
    const row = this.#sql(
      `SELECT count(DISTINCT m.number) AS n
       FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE}
       WHERE r.state = 0 AND r.due > ? AND r.attempts = 0 AND m.account = ?`,
    ).get(this.#now(), account);
    return Number(row?.["n"] ?? 0);
  }

  #settle(op: SettleOp): null {
    const now = this.#now();
    const update = this.#sql(
      "UPDATE recipient SET state = ?, due = ?, attempts = attempts + 1, owner = NULL, status = ?, reply = ?, remote = ?, at = ? WHERE key = ? AND state = 1 AND owner = ?",
    );
    let settled = 0;
    // held or removed while it was under way, and delivered all the same: the truth counts
    const late = this.#sql(
      "UPDATE recipient SET state = 3, attempts = attempts + 1, owner = NULL, status = NULL, reply = ?, remote = ?, at = ? WHERE key = ? AND state IN (2, 6) AND owner = ?",
    );
    for (const r of op.rows) {
      const changes = Number(
        update.run(r.state, r.due, r.status, r.reply, r.remote, now, r.key, this.#owner).changes,
      );
      settled += changes;
      const told = changes > 0 || (r.state === STATE.delivered &&
        late.run(r.reply, r.remote, now, r.key, this.#owner).changes > 0);
      if (told && r.hop !== undefined) {
        this.#sql("UPDATE recipient SET hop = ? WHERE key = ?").run(r.hop, r.key);
      }
      if (told && this.#events.on) this.#events.settled(r, now);
      if (r.state === STATE.queued && changes > 0) {
        this.#sql(REMEMBER).run(r.key, now, "deferred", r.status, r.reply, r.remote);
        this.#sql(FORGET).run(r.key, r.key);
      }
      if (changes > 0 && r.state === STATE.failed) this.#suppress(r, now);
      if (r.state > STATE.held) this.#settled.add(numberOf(r.key));
    }
    // a bounce for a lease that was lost is somebody else's to send
    if (op.bounce !== null && settled > 0) this.#commit(op.bounce);
    return null;
  }

  /** Where its host said that there is no such mailbox, or none any more. RFC 3463 §3.2, §3.3 */
  #suppress({ key, status, reply, remote }: SettleOp["rows"][number], now: number): void {
    if (this.#suppressMs === 0 || remote === null) return;
    if (status === null || !/^5\.(?:1\.(?:1|2|3|6|10)|2\.1)$/.test(status)) return;
    this.#sql(
      "INSERT OR REPLACE INTO suppressed (address, since, until, reason) SELECT lower(address), ?, ?, ? FROM recipient WHERE key = ?",
    ).run(now, now + this.#suppressMs, reply, key);
  }

  /** Bodies that were never finished, history that is over, owners that are gone. */
  #purge(): void {
    const now = this.#now();
    const stale = this.#sql(
      "SELECT number FROM message WHERE complete = 0 AND owner NOT IN (SELECT id FROM owner WHERE alive_until >= ?) LIMIT ?",
    ).all(now, PURGE);
    const old = this.#sql("SELECT at, number FROM finished WHERE at < ? ORDER BY at LIMIT ?").all(
      now - this.#keepMs,
      PURGE,
    );
    const gone = [...stale, ...old].map((m) => m["number"] as number);
    const forget = this.#sql("DELETE FROM finished WHERE at = ? AND number = ?");
    const drop = (numbers: ReadonlyArray<number>): void =>
      this.#transaction(() => {
        for (const run of rangesOf(numbers)) dropMessages(this.#sql, run);
      });
    try {
      if (gone.length > 0) drop(gone);
    } catch (e) {
      if (!isCorrupt(e)) throw e;
      // what lies on broken pages stays there
      for (const number of gone) unlessCorrupt(() => drop([number]));
    }
    this.#transaction(() => {
      for (const { at, number } of old) forget.run(at as number, number as number);
      this.#sql("DELETE FROM suppressed WHERE until < ?").run(now);
      this.#sql("DELETE FROM owner WHERE alive_until < ?").run(now - 10 * this.#leaseMs);
    });
  }

  /** Of a spool that is where it belongs. */
  #bearWitness(): void {
    if (this.#file.lost() === null) this.#life.witness();
  }

  /** Lets go of everything this process holds: it stops. */
  release(): void {
    this.#transaction(() => {
      this.#setBack.amend(this.#now());
      this.#leases.release();
      this.#events.release(this.#owner);
      this.#life.renew(this.#now());
    });
    this.#bearWitness();
  }
}

/** Attempts that are remembered of a recipient, the last ones. */
const MANY_ATTEMPTS = 100;
const FORGET =
  `DELETE FROM history WHERE recipient = ? AND what = 'deferred' AND at <= (SELECT at FROM history WHERE recipient = ? AND what = 'deferred' ORDER BY at DESC LIMIT 1 OFFSET ${MANY_ATTEMPTS})`;

const accepts = (o: Op): boolean => o.op === "commit" || o.op === "stage";
const onlyLooks = (o: Op): boolean =>
  o.op === "read" || o.op === "ours" || o.op === "suppressed" || o.op === "lost";
const WITHDRAWN: OpResult = { ok: false, full: false, message: "it was withdrawn" };

const refused = (why: string): OpResult => ({ ok: false, full: false, message: why });

const alone = (f: () => OpResult): OpResult => {
  try {
    return f();
  } catch (e) {
    return failure(e);
  }
};

const failure = (e: unknown): OpResult => ({
  ok: false,
  full: isFull(e),
  message: e instanceof Error ? e.message : String(e),
  ...e instanceof Damaged ? { damaged: true } : {},
});
