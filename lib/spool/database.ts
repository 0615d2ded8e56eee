/**
 * The spool's operations on one SQLite connection, synchronous. Runs on its own thread in the server
 * (`sqlite_worker.ts`), in place in the command line and in tests.
 */
import { createHash } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  ClaimedRow,
  CommitOp,
  KnownMessage,
  Op,
  OpenRequest,
  OpResult,
  ReadPart,
  SettleOp,
} from "./protocol.ts";
import { endHolds, enterHold, leaveHold } from "./holds.ts";
import { MOST_REMEMBERED, Repeated } from "./repeated.ts";
import { PER_MESSAGE, PRAGMAS, SCHEMA, SCHEMA_VERSION, STATE } from "./schema.ts";

const SQLITE_FULL = 13;
const DAY = 86_400_000;
/** Messages dropped in one go when their history is over. */
const PURGE = 500;

/** Opens the file, makes the tables where they are missing, refuses a newer schema. */
export const openDatabase = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  try {
    db.exec(PRAGMAS);
    const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `the spool was written by a newer version (schema ${version}, known ${SCHEMA_VERSION})`,
      );
    }
    if (version < SCHEMA_VERSION) {
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
  } catch (e) {
    db.close();
    throw e;
  }
  return db;
};

const isFull = (e: unknown): boolean =>
  e instanceof Error && "errcode" in e && e.errcode === SQLITE_FULL;

export class SpoolDatabase {
  readonly #db: DatabaseSync;
  readonly #owner: string;
  readonly #keepMs: number;
  readonly #leaseMs: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #now: () => number;
  readonly #repeated: Repeated;

  constructor(o: OpenRequest, now: () => number = Date.now) {
    this.#db = openDatabase(o.open);
    this.#owner = o.owner;
    this.#keepMs = o.keepDays * DAY;
    this.#leaseMs = o.leaseMs;
    this.#now = now;
    this.#repeated = new Repeated(o.onceMs ?? 0);
    this.#transaction(() => {
      this.#renew();
      this.#remember();
    });
  }

  /** What was submitted within the window before this process began. */
  #remember(): void {
    if (!this.#repeated.on) return;
    const rows = this.#sql(
      "SELECT number, id, accepted_at, json_extract(facts, '$.once') AS once FROM message WHERE complete = 1 AND number > (SELECT coalesce(max(number), 0) FROM message) - ? ORDER BY number",
    ).iterate(MOST_REMEMBERED);
    const since = this.#repeated.since(this.#now());
    for (const m of rows) {
      const at = m["accepted_at"] as number;
      if (typeof m["once"] !== "string" || at <= since) continue;
      this.#repeated.add(m["once"], { number: m["number"] as number, id: m["id"] as string, at });
    }
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Runs the operations in one transaction, which is on stable storage on return. If one of them fails they
   * are run again each in its own, so that a fault stays with the operation that caused it.
   */
  run(ops: ReadonlyArray<Op>): ReadonlyArray<OpResult> {
    if (ops.every((o) => o.op === "read")) return ops.map((o) => this.#alone(() => this.#apply(o)));
    try {
      return this.#transaction(() =>
        ops.map((o) => ({ ok: true, value: this.#apply(o) }) as const)
      );
    } catch (e) {
      if (ops.length === 1) return [failure(e)];
      return ops.map((o) => this.#alone(() => this.#transaction(() => this.#apply(o))));
    }
  }

  #alone(f: () => (OpResult & { ok: true })["value"]): OpResult {
    try {
      return { ok: true, value: f() };
    } catch (e) {
      return failure(e);
    }
  }

  #transaction<A>(f: () => A): A {
    this.#sql("BEGIN IMMEDIATE").run();
    try {
      const value = f();
      this.#sql("COMMIT").run();
      this.#repeated.settle(true);
      return value;
    } catch (e) {
      this.#repeated.settle(false);
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw e;
    }
  }

  #sql(text: string): StatementSync {
    let s = this.#statements.get(text);
    if (s === undefined) {
      s = this.#db.prepare(text);
      this.#statements.set(text, s);
    }
    return s;
  }

  #apply(op: Op): (OpResult & { ok: true })["value"] {
    switch (op.op) {
      case "commit":
        return this.#commit(op);
      case "stage":
        return this.#stage(op.number, op.chunks);
      case "staged":
        return this.#staged(op.number, op.index);
      case "discard":
        this.#dropMessage(op.number);
        return null;
      case "claim":
        return this.#claim(op.limit);
      case "read":
        return this.#read(op.id, op.chunk);
      case "settle":
        return this.#settle(op);
      case "giveBack":
        for (const key of op.keys) {
          this.#sql(
            "UPDATE recipient SET state = 0, owner = NULL WHERE key = ? AND state = 1 AND owner = ?",
          )
            .run(key, this.#owner);
        }
        return null;
      case "held":
        return this.#held(op.account);
      case "tick":
        this.#renew();
        this.#purge();
        return null;
    }
  }

  #commit(m: CommitOp): number | KnownMessage {
    const hash = createHash("sha256").update(m.head);
    const once = this.#repeated.on ? m.once : null;
    const body = once === null ? null : createHash("sha256");
    let number = m.staged;
    let size = m.head.length;
    let index = 0;
    if (number === null) {
      for (const c of m.body) hash.update(c);
      for (const c of m.body) body?.update(c);
    } else {
      // what was staged is read once more: the digest is of what the disk gave back
      const { first, end } = range(number);
      for (
        const row of this.#sql("SELECT octets FROM chunk WHERE key >= ? AND key < ? ORDER BY key")
          .iterate(first, end)
      ) {
        const octets = row["octets"] as Uint8Array;
        hash.update(octets);
        body?.update(octets);
        size += octets.length;
        index++;
      }
      for (const c of m.body) hash.update(c);
      for (const c of m.body) body?.update(c);
    }
    let facts = m.facts;
    let digestOnce: string | null = null;
    if (once !== null && body !== null) {
      digestOnce = this.#repeated.digest(once.key, body.digest());
      const known = this.#repeated.find(digestOnce, m.acceptedAt);
      if (known !== null) {
        this.#sql(
          "UPDATE message SET trail = json_insert(trail, '$.trail[#]', json(?)) WHERE number = ?",
        )
          .run(once.note, known.number);
        return { known: known.id };
      }
      facts = `${m.facts.slice(0, -1)},"once":"${digestOnce}"}`;
    }
    for (const c of m.body) size += c.length;
    const digest = hash.digest();
    if (number === null) {
      number = Number(
        this.#sql(
          "INSERT INTO message (id, complete, accepted_at, account, return_path, facts, size, digest, head, trail) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        ).run(m.id, m.acceptedAt, m.account, m.returnPath, facts, size, digest, m.head, m.trail)
          .lastInsertRowid,
      );
    } else {
      const done = this.#sql(
        "UPDATE message SET id = ?, complete = 1, accepted_at = ?, account = ?, return_path = ?, facts = ?, size = ?, digest = ?, head = ?, trail = ?, owner = NULL WHERE number = ? AND complete = 0",
      ).run(
        m.id,
        m.acceptedAt,
        m.account,
        m.returnPath,
        facts,
        size,
        digest,
        m.head,
        m.trail,
        number,
      );
      if (done.changes !== 1) throw new Error("the staged body is gone");
    }
    for (const c of m.body) {
      this.#sql("INSERT INTO chunk (key, octets) VALUES (?, ?)").run(
        number * PER_MESSAGE + index++,
        c,
      );
    }
    const insert = this.#sql(
      "INSERT INTO recipient (key, address, hop, state, due, owner) VALUES (?, ?, ?, ?, ?, ?)",
    );
    const { hold } = m;
    if (hold) enterHold((text) => this.#sql(text), number, hold);
    const state = hold ? STATE.held : m.lease ? STATE.leased : STATE.queued;
    m.recipients.forEach((r, i) => {
      insert.run(
        number! * PER_MESSAGE + i,
        r.address,
        r.hop,
        state,
        m.due,
        m.lease ? this.#owner : null,
      );
    });
    if (digestOnce !== null) {
      this.#repeated.add(digestOnce, { number, id: m.id, at: m.acceptedAt });
    }
    return number;
  }

  #stage(known: number | null, chunks: ReadonlyArray<Uint8Array>): number {
    const number = known ?? Number(
      this.#sql("INSERT INTO message (complete, accepted_at, owner) VALUES (0, ?, ?)").run(
        this.#now(),
        this.#owner,
      ).lastInsertRowid,
    );
    const { first, end } = range(number);
    const last = this.#sql("SELECT max(key) AS k FROM chunk WHERE key >= ? AND key < ?").get(
      first,
      end,
    )?.["k"];
    let key = typeof last === "number" ? last + 1 : first;
    for (const c of chunks) {
      this.#sql("INSERT INTO chunk (key, octets) VALUES (?, ?)").run(key++, c);
    }
    return number;
  }

  #staged(number: number, index: number): ReadPart {
    const row = this.#sql("SELECT octets FROM chunk WHERE key = ?").get(
      range(number).first + index,
    );
    const octets = row?.["octets"];
    if (!(octets instanceof Uint8Array)) throw new Error("the staged body is gone");
    return { parts: [octets], next: null, digest: null };
  }

  #claim(limit: number): ReadonlyArray<ClaimedRow> {
    const now = this.#now();
    // leases of owners that stopped renewing are as good as queued
    this.#sql(
      "UPDATE recipient SET state = 0, owner = NULL WHERE state = 1 AND owner IN (SELECT DISTINCT r.owner FROM recipient r LEFT JOIN owner o ON o.id = r.owner WHERE r.state = 1 AND (o.id IS NULL OR o.alive_until < ?))",
    ).run(now);
    endHolds((text) => this.#sql(text), now);
    const rows = this.#sql(
      `SELECT r.key, r.address, r.hop, r.attempts, r.due, m.id, m.accepted_at AS acceptedAt, m.facts, m.size,
              EXISTS (SELECT 1 FROM hold h WHERE h.number = m.number) AS overdue
       FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE}
       WHERE r.state = 0 AND r.due <= ? ORDER BY r.due LIMIT ?`,
    ).all(now, limit) as unknown as ReadonlyArray<ClaimedRow>;
    const lease = this.#sql("UPDATE recipient SET state = 1, owner = ? WHERE key = ?");
    for (const r of rows) lease.run(this.#owner, r.key);
    return rows;
  }

  #held(account: string): number {
    const row = this.#sql(
      `SELECT count(DISTINCT m.number) AS n
       FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE}
       WHERE r.state = 0 AND r.due > ? AND r.attempts = 0 AND m.account = ?`,
    ).get(this.#now(), account);
    return Number(row?.["n"] ?? 0);
  }

  #read(id: string, chunk: number): ReadPart {
    const m = this.#sql(
      "SELECT number, head, digest FROM message WHERE id = ? AND complete = 1",
    ).get(id);
    if (m === undefined) throw new Error(`no message ${id}`);
    const { first, end } = range(m["number"] as number);
    const digest = m["digest"] as Uint8Array;
    const rows = this.#sql(
      "SELECT key, octets FROM chunk WHERE key >= ? AND key < ? ORDER BY key LIMIT 2",
    )
      .all(first + Math.max(chunk, 0), end);
    const octets = rows[0]?.["octets"] as Uint8Array | undefined;
    const next = rows[1] === undefined ? null : (rows[1]["key"] as number) - first;
    if (chunk >= 0) {
      if (octets === undefined) throw new Error(`message ${id} has lost part of its content`);
      return { parts: [octets], next, digest };
    }
    const head = m["head"] as Uint8Array;
    const parts = octets === undefined ? [head] : [head, octets];
    if (next !== null) return { parts, next, digest };
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    if (!hash.digest().equals(digest)) {
      throw new Error(`message ${id} is damaged: its checksum differs`);
    }
    return { parts, next, digest: null };
  }

  #settle(op: SettleOp): null {
    const now = this.#now();
    const update = this.#sql(
      "UPDATE recipient SET state = ?, due = ?, attempts = attempts + 1, owner = NULL, status = ?, reply = ?, remote = ?, at = ? WHERE key = ? AND state = 1 AND owner = ?",
    );
    let settled = 0;
    const numbers = new Set<number>();
    for (const r of op.rows) {
      settled += Number(
        update.run(r.state, r.due, r.status, r.reply, r.remote, now, r.key, this.#owner).changes,
      );
      if (r.state > STATE.held) numbers.add(Math.floor(r.key / PER_MESSAGE));
    }
    // a bounce for a lease that was lost is somebody else's to send
    if (op.bounce !== null && settled > 0) this.#commit(op.bounce);
    for (const n of numbers) this.#finish(n, now);
    return null;
  }

  /** Once nothing is left to do, the content goes; envelope, trail and outcome stay as history. */
  #finish(number: number, now: number): void {
    const { first, end } = range(number);
    const open = this.#sql(
      "SELECT 1 FROM recipient WHERE key >= ? AND key < ? AND state <= 2 LIMIT 1",
    ).get(first, end);
    if (open !== undefined) return;
    leaveHold((text) => this.#sql(text), number);
    this.#sql("DELETE FROM chunk WHERE key >= ? AND key < ?").run(first, end);
    if (this.#keepMs === 0) this.#dropMessage(number);
    else this.#sql("UPDATE message SET finished_at = ? WHERE number = ?").run(now, number);
  }

  #dropMessage(number: number): void {
    const { first, end } = range(number);
    this.#sql("DELETE FROM chunk WHERE key >= ? AND key < ?").run(first, end);
    this.#sql("DELETE FROM recipient WHERE key >= ? AND key < ?").run(first, end);
    leaveHold((text) => this.#sql(text), number);
    this.#sql("DELETE FROM message WHERE number = ?").run(number);
  }

  #renew(): void {
    this.#sql(
      "INSERT INTO owner (id, alive_until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until",
    )
      .run(this.#owner, this.#now() + this.#leaseMs);
  }

  /** Bodies that were never finished, history that is over, owners that are gone. */
  #purge(): void {
    const now = this.#now();
    const stale = this.#sql(
      "SELECT number FROM message WHERE complete = 0 AND owner NOT IN (SELECT id FROM owner WHERE alive_until >= ?) LIMIT ?",
    ).all(now, PURGE);
    const old = this.#sql("SELECT number FROM message WHERE finished_at < ? LIMIT ?").all(
      now - this.#keepMs,
      PURGE,
    );
    for (const m of [...stale, ...old]) this.#dropMessage(m["number"] as number);
    this.#sql("DELETE FROM owner WHERE alive_until < ?").run(now - 10 * this.#leaseMs);
  }

  /** Lets go of everything this process holds: it stops. */
  release(): void {
    this.#transaction(() => {
      this.#sql("UPDATE recipient SET state = 0, owner = NULL WHERE state = 1 AND owner = ?").run(
        this.#owner,
      );
      this.#sql("DELETE FROM owner WHERE id = ?").run(this.#owner);
    });
  }
}

const range = (number: number): { readonly first: number; readonly end: number } => ({
  first: number * PER_MESSAGE,
  end: (number + 1) * PER_MESSAGE,
});

const failure = (e: unknown): OpResult => ({
  ok: false,
  full: isFull(e),
  message: e instanceof Error ? e.message : String(e),
});
