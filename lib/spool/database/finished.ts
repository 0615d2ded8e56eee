/**
 * Finishes messages. Neighbours by number, which come and go together, are handled in one statement: a batch of
 * results costs hardly more than one.
 */
import { leaveHold } from "./holds.ts";
import type { Sql } from "./transaction.ts";
import { keysOf, numberOf, type NumberRange, range, rangesOf } from "./number_ranges.ts";
import { STATE } from "./schema.ts";

/** So long what is left of a damaged message stays at least. */
export const DAMAGED_MS = 7 * 86_400_000;

/**
 * The content of those goes of which no recipient is open; envelope, trail and outcome stay as history for
 * `keepMs`; what is damaged stays whole, for a week at least. `delivered` is told of each that leaves no trace and
 * that every recipient got.
 */
export const finishMessages = (
  sql: Sql,
  numbers: Iterable<number>,
  now: number,
  keepMs: number,
  delivered: (number: number) => void = () => {},
): void => {
  for (const run of rangesOf(numbers)) {
    const { open, damaged } = unfinishedIn(sql, run);
    for (const number of damaged) {
      if (open.has(number)) continue;
      const one = { from: number, to: number };
      enterFinished(sql, one, now + Math.max(0, DAMAGED_MS - keepMs));
    }
    for (const over of without(run, new Set([...open, ...damaged]))) {
      if (keepMs === 0) {
        for (let n = over.from; n <= over.to; n++) if (!lostBy(sql, n)) delivered(n);
        dropMessages(sql, over);
        continue;
      }
      dropContent(sql, over);
      enterFinished(sql, over, now);
    }
  }
};

/** History from `at` on. */
const enterFinished = (sql: Sql, run: NumberRange, at: number): void => {
  leaveHold(sql, run);
  forgetReplicated(sql, run);
  const enter = sql("INSERT OR IGNORE INTO finished (at, number) VALUES (?, ?)");
  for (let n = run.from; n <= run.to; n++) enter.run(at, n);
};

/** All that there is of them. */
export const dropMessages = (sql: Sql, run: NumberRange): void => {
  const { first, end } = keysOf(run);
  dropContent(sql, run);
  sql("DELETE FROM recipient WHERE key >= ? AND key < ?").run(first, end);
  leaveHold(sql, run);
  sql("DELETE FROM copy WHERE number >= ? AND number <= ?").run(run.from, run.to);
  forgetReplicated(sql, run);
  sql("DELETE FROM doubted WHERE key >= ? AND key < ?").run(first, end);
  sql("DELETE FROM history WHERE recipient >= ? AND recipient < ?").run(first, end);
  sql("DELETE FROM message WHERE number >= ? AND number <= ?").run(run.from, run.to);
};

/** Whether a recipient of the message did not get it, and will not. */
export const lostBy = (sql: Sql, number: number): boolean => {
  const { first, end } = range(number);
  return sql(
    `SELECT 1 FROM recipient WHERE key >= ? AND key < ? AND state > ${STATE.delivered} LIMIT 1`,
  ).get(first, end) !== undefined;
};

const forgetReplicated = (sql: Sql, { from, to }: NumberRange): void => {
  sql("DELETE FROM replicated WHERE number >= ? AND number <= ?").run(from, to);
};

const dropContent = (sql: Sql, run: NumberRange): void => {
  const { first, end } = keysOf(run);
  sql("DELETE FROM chunk WHERE key >= ? AND key < ?").run(first, end);
};

/** Messages of the run with a recipient that is not done with, and with one for whom it was damaged. */
const unfinishedIn = (sql: Sql, run: NumberRange) => {
  const { first, end } = keysOf(run);
  const found = sql(
    `SELECT key, state FROM recipient WHERE key >= ? AND key < ? AND (state <= ${STATE.held} OR state = ${STATE.damaged})`,
  ).all(first, end);
  const open = new Set<number>();
  const damaged = new Set<number>();
  for (const { key, state } of found) {
    (state === STATE.damaged ? damaged : open).add(numberOf(key as number));
  }
  return { open, damaged };
};

const without = (run: NumberRange, open: ReadonlySet<number>): ReadonlyArray<NumberRange> => {
  if (open.size === 0) return [run];
  const left: Array<number> = [];
  for (let n = run.from; n <= run.to; n++) if (!open.has(n)) left.push(n);
  return rangesOf(left);
};
