/**
 * The table of holds, on whichever connection: what is held, which holds are over, which message a token belongs
 * to.
 */
import { createHmac } from "node:crypto";
import type { CommitOp } from "./protocol.ts";
import { keysOf, type NumberRange } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";
import type { Sql } from "./transaction.ts";

/** A token is good once: the row goes with the hold. Only its digest is kept. */
const digestOf = (sql: Sql, token: string): Uint8Array => {
  const key = sql("SELECT octets FROM hold_key").get()?.["octets"];
  if (!(key instanceof Uint8Array)) throw new Error("the key of hold tokens is gone");
  return createHmac("sha256", key).update(`hold\0${token}`).digest();
};

/** Enters the hold of a message that is committed in the same transaction. */
export const enterHold = (sql: Sql, number: number, h: NonNullable<CommitOp["hold"]>): void => {
  sql("INSERT INTO hold (number, reason, until, expires, token) VALUES (?, ?, ?, ?, ?)").run(
    number,
    h.reason,
    h.until,
    h.then === "expire" ? 1 : 0,
    h.token === null ? null : digestOf(sql, h.token),
  );
};

/** Never before the time that the client asked for. RFC 4865 §4.2 */
const requeue = (sql: Sql, run: NumberRange, now: number): void => {
  const { first, end } = keysOf(run);
  sql(
    `UPDATE recipient SET state = ${STATE.queued}, due = max(due, ?) WHERE key >= ? AND key < ? AND state = ${STATE.held}`,
  ).run(now, first, end);
};

export const leaveHold = (sql: Sql, { from, to }: NumberRange): void => {
  sql("DELETE FROM hold WHERE number >= ? AND number <= ?").run(from, to);
};

/** What was held until now is due: to be delivered, or to go back (its row stays). Returns what is to be delivered. */
export const endHolds = (sql: Sql, now: number): ReadonlyArray<number> => {
  const over = sql("SELECT number, expires FROM hold WHERE until <= ?").all(now);
  const released: Array<number> = [];
  for (const { number, expires } of over) {
    const run = { from: number as number, to: number as number };
    requeue(sql, run, now);
    if (expires !== 0) continue;
    leaveHold(sql, run);
    released.push(run.from);
  }
  return released;
};

/**
 * Nothing leaves by itself, or goes back: what a time would have released is held like the rest of a spool that is
 * doubted, and what it would have returned waits for somebody to release it.
 */
export const stopHolds = (sql: Sql): void => {
  sql(
    `INSERT OR IGNORE INTO doubted (key) SELECT key FROM recipient WHERE state = ${STATE.held}
     AND key / ${PER_MESSAGE} IN (SELECT number FROM hold WHERE until IS NOT NULL AND expires = 0)`,
  ).run();
  sql("DELETE FROM hold WHERE until IS NOT NULL AND expires = 0").run();
  sql("UPDATE hold SET until = NULL WHERE until IS NOT NULL").run();
  sql(`DELETE FROM doubted WHERE key / ${PER_MESSAGE} IN (SELECT number FROM hold)`).run();
};

/** Number of the message that `token` releases or cancels; null: none, or it was used. */
export const heldBy = (sql: Sql, token: string): number | null => {
  const row = sql("SELECT number FROM hold WHERE token = ?").get(digestOf(sql, token));
  return typeof row?.["number"] === "number" ? row["number"] : null;
};
