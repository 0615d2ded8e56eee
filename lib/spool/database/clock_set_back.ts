/**
 * Handles a wall clock that was set back: messages accepted while it was ahead count as accepted now, so that no
 * duration becomes longer. Costs nothing while no clock is set.
 */
import type { Envelope } from "../../envelope/envelope.ts";
import { keepsItsTime, readEarlier } from "../../envelope/read_earlier.ts";
import { unlessCorrupt } from "./content.ts";
import type { Sql } from "./transaction.ts";
import { range } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";

/** Clocks that run apart by less are corrected gently. */
const CLOCKS_APART_MS = 60_000;
/** The newest messages, of which one tells that the clock was set back while nothing ran. */
const NEWEST = 100;
/** Messages in one go; the rest follows with the next. */
const BATCH = 10_000;

export class ClockSetBack {
  readonly #sql: Sql;
  /** The latest time that this process has seen, ms. */
  #latest = -Infinity;

  /** `leaseMs`: how far ahead of its time a process gives a sign of life. */
  constructor(sql: Sql, now: number, leaseMs: number) {
    this.#sql = sql;
    const newest = unlessCorrupt(() =>
      sql(
        `SELECT max(accepted_at) AS at FROM (SELECT accepted_at FROM message ORDER BY number DESC LIMIT ${NEWEST})`,
      ).get()?.["at"]
    );
    // of one that was killed before it noticed
    const alive = sql("SELECT max(alive_until) AS at FROM owner").get()?.["at"];
    this.saw(Math.max(now, Number(newest ?? 0), Number(alive ?? 0) - leaseMs));
  }

  /** A message was accepted `at` that time. */
  saw(at: number): void {
    if (at > this.#latest) this.#latest = at;
  }

  /** Looks for messages that were accepted in the future, where there may be any. */
  amend(now: number): void {
    if (this.#latest <= now + CLOCKS_APART_MS) {
      this.saw(now);
      return;
    }
    const ahead = this.#sql(AHEAD).all(now + CLOCKS_APART_MS, BATCH);
    for (const { number, at } of ahead) acceptNow(this.#sql, Number(number), Number(at), now);
    // those that were found may be so once more: there are others, or the transaction fails
    if (ahead.length === 0) this.#latest = now;
  }
}

/** A message that was accepted in the future counts as accepted now, with all that is counted from then. */
export const acceptNow = (sql: Sql, number: number, at: number, now: number): void => {
  if (at <= now + CLOCKS_APART_MS) return;
  const ms = at - now;
  const facts = sql("SELECT facts FROM message WHERE number = ?").get(number)?.["facts"];
  const { envelope, ...rest } = JSON.parse(String(facts)) as { readonly envelope?: Envelope };
  sql("UPDATE message SET accepted_at = ? WHERE number = ?").run(now, number);
  sql("UPDATE hold SET until = until - ? WHERE number = ?").run(ms, number);
  const { first, end } = range(number);
  const waits = envelope !== undefined && keepsItsTime(envelope);
  sql(
    "UPDATE recipient SET due = due - ? WHERE key >= ? AND key < ? AND due >= ? AND attempts >= ?",
  ).run(ms, first, end, at, waits ? 1 : 0);
  const moved = envelope === undefined ? undefined : readEarlier(envelope, ms);
  if (moved === envelope) return;
  sql("UPDATE message SET facts = ? WHERE number = ?")
    .run(JSON.stringify({ ...rest, envelope: moved }), number);
};

/** What is not done with and was accepted later than a time: from recipient to message by number, no index of its own. */
const AHEAD =
  `SELECT m.number AS number, m.accepted_at AS at FROM message m WHERE m.accepted_at > ? AND m.number IN (${
    [STATE.queued, STATE.leased, STATE.held]
      .map((s) => `SELECT key / ${PER_MESSAGE} FROM recipient WHERE state = ${s}`)
      .join(" UNION ALL ")
  }) LIMIT ?`;
