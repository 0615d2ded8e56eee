/**
 * Leases of recipients: a process leases what is due, taking turns among senders, and reclaims expired leases of
 * others.
 */
import { readContent, unlessCorrupt } from "./content.ts";
import { numberOf } from "./number_ranges.ts";
import type { Sql } from "./transaction.ts";
import type { ClaimedRow, ClaimOp } from "./protocol.ts";
import { PER_MESSAGE } from "./schema.ts";

/** Octets of a message whose content comes with its claim, and of all that come with one claim. */
const SMALL = 65_536;
const CLAIMED_CONTENT = 2 * 1024 * 1024;
/** Senders, or next hops, that get a turn in one claim. */
const TURNS = 20;

/** Columns of a `ClaimedRow`, by the table that they come from. */
const RECIPIENT = "r.key, r.address, r.hop, r.attempts, r.due, r.via, r.sender";
const MESSAGE =
  "m.id, m.accepted_at AS acceptedAt, m.facts, m.size, EXISTS (SELECT 1 FROM hold h WHERE h.number = m.number) AS overdue";

export class Leases {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #leaseMs: number;
  /** By the monotonic clock. */
  readonly #steady: () => number;
  #seen: { readonly wall: number; readonly steady: number } | null = null;
  #trustAfter = -Infinity;
  /** Who had the last turn. */
  readonly #turn = { sender: "", hop: "" };
  #dataVersion: unknown = null;

  /** For the process `owner`, whose leases hold for `leaseMs` after it was last seen. */
  constructor(sql: Sql, owner: string, leaseMs: number, steady: () => number) {
    this.#sql = sql;
    this.#owner = owner;
    this.#leaseMs = leaseMs;
    this.#steady = steady;
  }

  /**
   * Leases of owners that stopped renewing are as good as queued; our own never are. After the clock was set the
   * others get time to renew theirs, and a sign of life from the future is none.
   */
  lapse(now: number): void {
    const steady = this.#steady();
    const drift = this.#seen === null ? 0 : now - this.#seen.wall - (steady - this.#seen.steady);
    this.#seen = { wall: now, steady };
    if (Math.abs(drift) > this.#leaseMs / 3) this.#trustAfter = steady + 2 * this.#leaseMs;
    if (steady < this.#trustAfter) return;
    // from owner to owner, one seek each, however many leases they have
    const next = this.#sql(
      "SELECT owner FROM recipient WHERE state = 1 AND owner > ? ORDER BY owner LIMIT 1",
    );
    const alive = this.#sql("SELECT 1 FROM owner WHERE id = ? AND alive_until BETWEEN ? AND ?");
    for (let owner = next.get("")?.["owner"]; typeof owner === "string";) {
      if (
        owner !== this.#owner &&
        alive.get(owner, now, now + 2 * this.#leaseMs) === undefined
      ) {
        this.#freeAll(owner);
      }
      owner = next.get(owner)?.["owner"];
    }
  }

  /** Keys of what is leased to us; null where no other process has written since, unless they are wanted `always`. */
  ours(always = false): Float64Array | null {
    const version = this.#sql("PRAGMA data_version").get()?.["data_version"];
    if (version === this.#dataVersion && !always) return null;
    this.#dataVersion = version;
    const rows = this.#sql("SELECT key FROM recipient WHERE state = 1 AND owner = ?")
      .all(this.#owner);
    return Float64Array.from(rows, (r) => r["key"] as number);
  }

  /** A sign of life, which the leases hold on. */
  renew(now: number): void {
    this.heard(this.#owner, now);
  }

  /** A sign of life of whomever. */
  heard(id: string, now: number): void {
    this.#sql(
      "INSERT INTO owner (id, alive_until) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until",
    )
      .run(id, now + this.#leaseMs);
  }

  /** Due at once, for any process. */
  giveBack(keys: ReadonlyArray<number>): void {
    for (const key of keys) {
      this.#sql(
        "UPDATE recipient SET state = 0, owner = NULL WHERE key = ? AND state = 1 AND owner = ?",
      )
        .run(key, this.#owner);
      // held or removed since: nobody has it any more
      this.#sql("UPDATE recipient SET owner = NULL WHERE key = ? AND owner = ?")
        .run(key, this.#owner);
    }
  }

  /** All of ours, for good. */
  release(): void {
    this.#freeAll(this.#owner);
    this.#sql("DELETE FROM owner WHERE id = ?").run(this.#owner);
  }

  #freeAll(owner: string): void {
    this.#sql("UPDATE recipient SET state = 0, owner = NULL WHERE state = 1 AND owner = ?")
      .run(owner);
  }

  /** Leases what is due at `now`. */
  claim({ limit, fair = false, except = [] }: ClaimOp, now: number): ReadonlyArray<ClaimedRow> {
    if (except.length > 0) return this.#turns("hop", now, limit, except);
    const rows: Array<ClaimedRow> = [];
    const room = () => limit - rows.length;
    rows.push(...this.#due("r.priority > 0", "r.priority DESC, r.due", [now], limit));
    if (fair) rows.push(...this.#turns("sender", now, Math.floor(room() / 2)));
    if (room() > 0) rows.push(...this.#due("TRUE", "r.due", [now], room()));
    return rows;
  }

  /**
   * Small content comes along, which saves a way for each message; the sum is bounded. Outside of a transaction: SQLite
   * undoes one that has met a broken page.
   */
  withContent(rows: ReadonlyArray<ClaimedRow>): ReadonlyArray<ClaimedRow> {
    let left = CLAIMED_CONTENT;
    return rows.map((row) => {
      if (row.size > SMALL || row.size > left) return row;
      const parts = wholeContent(this.#sql, row.id);
      if (parts === null) return row;
      left -= row.size;
      return { ...row, content: parts };
    });
  }

  /**
   * What is due of messages whose rows are broken on the disk, and may not stand in the way of others: without facts,
   * which nobody can read. Outside of a transaction.
   */
  broken(now: number): ReadonlyArray<ClaimedRow> {
    const due = this.#sql(
      `SELECT ${RECIPIENT} FROM recipient r WHERE r.state = 0 AND r.due <= ?`,
    ).all(now) as unknown as ReadonlyArray<ClaimedRow>;
    const read = this.#sql(`SELECT ${MESSAGE} FROM message m WHERE m.number = ?`);
    return due.flatMap((r) => {
      const number = numberOf(r.key);
      return unlessCorrupt(() => read.all(number)) !== undefined
        ? []
        : [{ ...r, id: `number ${number}`, acceptedAt: 0, facts: "", size: 0, overdue: 0 }];
    });
  }

  /** Leases what is due and meets `where`. */
  #due(
    where: string,
    order: string,
    values: ReadonlyArray<string | number>,
    limit: number,
  ): ReadonlyArray<ClaimedRow> {
    const rows = this.#sql(
      `SELECT ${RECIPIENT}, ${MESSAGE}
       FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE}
       WHERE r.state = 0 AND r.due <= ? AND ${where} ORDER BY ${order} LIMIT ?`,
    ).all(...values, limit) as unknown as ReadonlyArray<ClaimedRow>;
    const lease = this.#sql("UPDATE recipient SET state = 1, owner = ? WHERE key = ?");
    for (const r of rows) lease.run(this.#owner, r.key);
    return rows;
  }

  /**
   * The oldest of some senders, or of some next hops, going on next time where this one ends: an index seek for
   * each of them, however much others have waiting.
   */
  #turns(
    by: "sender" | "hop",
    now: number,
    limit: number,
    except: ReadonlyArray<string> = [],
  ): ReadonlyArray<ClaimedRow> {
    const rows: Array<ClaimedRow> = [];
    const each = Math.max(1, Math.floor(limit / TURNS));
    const next = this.#sql(
      `SELECT ${by} AS k FROM recipient WHERE state = 0 AND ${by} > ? ORDER BY ${by} LIMIT 1`,
    );
    for (let i = 0; i < TURNS && rows.length < limit; i++) {
      const key = next.get(this.#turn[by])?.["k"];
      this.#turn[by] = typeof key === "string" ? key : "";
      if (typeof key !== "string") break;
      if (except.includes(key)) continue;
      rows.push(...this.#due(`r.${by} = ?`, "r.due", [now, key], each));
    }
    return rows;
  }
}

/** Null: in more than one part, or damaged, which its reader finds out. */
const wholeContent = (sql: Sql, id: string): ReadonlyArray<Uint8Array> | null => {
  try {
    const { parts, next } = readContent(sql, id, -1);
    return next === null ? parts : null;
  } catch {
    return null;
  }
};
