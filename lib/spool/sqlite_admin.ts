/** What an operator does to the spool, on a connection of its own; a running server notices within a second. */
import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import { Clock, Effect, Layer } from "effect";
import {
  type QueueDetail,
  type QueueEntry,
  type QueueHold,
  type QueueRecipient,
  SpoolAdmin,
  type SpoolError,
  SpoolFault,
} from "../ports/spool.ts";
import { openDatabase } from "./database.ts";
import { readFacts } from "./claims.ts";
import { heldBy, leaveHold, release, type Sql } from "./holds.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";

type Row = Record<string, unknown>;

const STATE_NAMES = [
  "queued",
  "leased",
  "held",
  "delivered",
  "failed",
  "expired",
  "removed",
] as const;

const recipientOf = (row: Row): QueueRecipient => {
  const state = STATE_NAMES[row["state"] as number] ?? "queued";
  return {
    address: row["address"] as string,
    hop: row["hop"] as string,
    state,
    attempts: row["attempts"] as number,
    due: state === "queued" ? row["due"] as number : null,
    lastReply: row["reply"] as string | null,
    lastRemote: row["remote"] as string | null,
    lastAt: row["at"] as number | null,
  };
};

const holdOf = (row: Row | undefined): QueueHold | null =>
  row === undefined ? null : {
    reason: row["reason"] as string,
    until: row["until"] as number | null,
    then: row["expires"] === 1 ? "expire" : "release",
  };

const entryOf = (
  m: Row,
  recipients: ReadonlyArray<QueueRecipient>,
  hold: Row | undefined,
): QueueEntry => ({
  id: m["id"] as string,
  acceptedAt: m["accepted_at"] as number,
  account: m["account"] as string | null,
  returnPath: m["return_path"] as string | null,
  size: m["size"] as number,
  recipients,
  hold: holdOf(hold),
});

class Admin {
  readonly #db: DatabaseSync;
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  list(all: boolean): ReadonlyArray<QueueEntry> {
    const open = `SELECT DISTINCT key / ${PER_MESSAGE} FROM recipient WHERE state <= ${STATE.held}`;
    const messages = this.#db.prepare(
      `SELECT number, id, accepted_at, account, return_path, size FROM message
       WHERE complete = 1 ${all ? "" : `AND number IN (${open})`} ORDER BY number`,
    ).all();
    const recipients = this.#db.prepare(
      `SELECT key / ${PER_MESSAGE} AS number, address, hop, state, attempts, due, reply, remote, at FROM recipient
       ${all ? "" : `WHERE key / ${PER_MESSAGE} IN (${open})`} ORDER BY key`,
    ).all();
    const byMessage = new Map<unknown, Array<QueueRecipient>>();
    for (const r of recipients) {
      const known = byMessage.get(r["number"]);
      if (known === undefined) byMessage.set(r["number"], [recipientOf(r)]);
      else known.push(recipientOf(r));
    }
    const holds = new Map(
      this.#db.prepare("SELECT * FROM hold").all().map((h) => [h["number"], h] as const),
    );
    return messages.map((m) =>
      entryOf(m, byMessage.get(m["number"]) ?? [], holds.get(m["number"]))
    );
  }

  show(id: string): QueueDetail | null {
    const m = this.#db.prepare("SELECT * FROM message WHERE id = ? AND complete = 1").get(id);
    if (m === undefined) return null;
    const [first, end] = this.#range(m["number"] as number);
    const rows = this.#db.prepare("SELECT * FROM recipient WHERE key >= ? AND key < ? ORDER BY key")
      .all(first, end);
    const facts = readFacts({ facts: m["facts"] as string, size: m["size"] as number });
    return {
      ...entryOf(
        m,
        rows.map(recipientOf),
        this.#db.prepare("SELECT * FROM hold WHERE number = ?").get(m["number"] as number),
      ),
      envelope: facts.envelope,
      session: facts.session,
      trail: m["trail"] as string,
      // TextDecoder knows no true latin1
      head: Buffer.from(m["head"] as Uint8Array).toString("latin1"),
    };
  }

  #range(number: number): readonly [number, number] {
    return [number * PER_MESSAGE, (number + 1) * PER_MESSAGE];
  }

  readonly #sql: Sql = (text) => this.#db.prepare(text);

  #transaction<A>(f: () => A): A {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const value = f();
      this.#db.exec("COMMIT");
      return value;
    } catch (e) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw e;
    }
  }

  /** By hand, whatever held it. */
  release(id: string, now: number): number {
    return this.#transaction(() => {
      const gone = this.change(
        id,
        `state = ${STATE.queued}, due = CASE WHEN ${waits(now)} THEN due ELSE ${now} END`,
        [STATE.held],
      );
      if (id === "all") this.#db.exec("DELETE FROM hold");
      else {
        this.#sql("DELETE FROM hold WHERE number = (SELECT number FROM message WHERE id = ?)")
          .run(id);
      }
      return gone;
    });
  }

  heldBy(token: string): string | null {
    const number = heldBy(this.#sql, token);
    if (number === null) return null;
    const id = this.#sql("SELECT id FROM message WHERE number = ?").get(number)?.["id"];
    return typeof id === "string" ? id : null;
  }

  redeem(token: string, then: "release" | "cancel", now: number): number {
    return this.#transaction(() => {
      if (then === "release") {
        const number = heldBy(this.#sql, token);
        return number === null ? 0 : release(this.#sql, number, now);
      }
      const id = this.heldBy(token);
      return id === null ? 0 : this.#removed(id, now);
    });
  }

  /** Runs an UPDATE over the recipients of one message, or of all, that are in a state and meet `more`. */
  change(id: string, set: string, from: ReadonlyArray<number>, more = "TRUE"): number {
    let where = `state IN (${from.join(", ")}) AND ${more}`;
    const values: Array<number> = [];
    if (id !== "all") {
      const m = this.#db.prepare("SELECT number FROM message WHERE id = ? AND complete = 1").get(
        id,
      );
      if (m === undefined) return 0;
      values.push(...this.#range(m["number"] as number));
      where += " AND key >= ? AND key < ?";
    }
    return Number(
      this.#db.prepare(`UPDATE recipient SET ${set} WHERE ${where}`).run(...values).changes,
    );
  }

  /** Undelivered, without a bounce; the content goes, the history stays. */
  remove(id: string, now: number): number {
    return this.#transaction(() => this.#removed(id, now));
  }

  #removed(id: string, now: number): number {
    const gone = this.change(id, `state = ${STATE.removed}, owner = NULL, at = ${now}`, [
      STATE.queued,
      STATE.leased,
      STATE.held,
    ]);
    const m = this.#sql("SELECT number FROM message WHERE id = ? AND complete = 1").get(id);
    if (gone > 0 && m !== undefined) {
      const number = m["number"] as number;
      this.#sql("DELETE FROM chunk WHERE key >= ? AND key < ?").run(...this.#range(number));
      this.#sql("UPDATE message SET finished_at = ? WHERE number = ?").run(now, number);
      leaveHold(this.#sql, number);
    }
    return gone;
  }
}

/** A message whose time has not come is not sent before it, whoever asks. RFC 4865 §4.2 */
const waits = (now: number): string => `(attempts = 0 AND due > ${now})`;

const attempt = <A>(operation: string, f: () => A): Effect.Effect<A, SpoolError> =>
  Effect.try({ try: f, catch: (cause) => new SpoolFault({ operation, cause }) });

const atNow = <A>(operation: string, f: (now: number) => A): Effect.Effect<A, SpoolError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(operation, () => f(now)));

/** Opens the spool at `path`, which must exist or be creatable; closed with the scope. */
export const adminLayer = (path: string): Layer.Layer<SpoolAdmin, SpoolError> =>
  Layer.effect(
    SpoolAdmin,
    Effect.gen(function* () {
      const db = yield* Effect.acquireRelease(
        attempt("open", () => openDatabase(path)),
        (d) => Effect.sync(() => d.close()),
      );
      const admin = new Admin(db);
      return SpoolAdmin.of({
        list: ({ all }) => attempt("list", () => admin.list(all)),
        show: (id) => attempt("show", () => admin.show(id)),
        retry: (id) =>
          atNow("retry", (now) =>
            admin.change(id, `due = ${now}`, [STATE.queued], `NOT ${waits(now)}`)),
        hold: (id) =>
          attempt("hold", () =>
            admin.change(id, `state = ${STATE.held}`, [STATE.queued])),
        release: (id) => atNow("release", (now) => admin.release(id, now)),
        heldBy: (token) => attempt("heldBy", () => admin.heldBy(token)),
        redeem: (token, then) => atNow("redeem", (now) => admin.redeem(token, then, now)),
        remove: (id) => atNow("remove", (now) => admin.remove(id, now)),
      });
    }),
  );
