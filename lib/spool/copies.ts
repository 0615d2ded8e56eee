/** The table of copies, on whichever connection, and where our own messages stand, for who keeps copies of them. */
import type { CopyEntry, CopyOf, OpenRecipient, Standing } from "../ports/copies.ts";
import { dropMessages } from "./finished.ts";
import type { Sql } from "./holds.ts";
import { range } from "./runs.ts";
import { REMEMBER, STATE } from "./schema.ts";

/** How an origin stands in the table of owners: alive while its link is. */
export const aliveAs = (origin: string): string => `copies of ${origin}`;

/** Enters a copy; its message is committed in the same transaction, without recipients. */
export const enterCopy = (sql: Sql, number: number, c: CopyOf): void => {
  sql("INSERT INTO copy (number, origin, open, hold) VALUES (?, ?, ?, ?)").run(
    number,
    c.origin,
    JSON.stringify(c.open),
    c.hold === null ? null : JSON.stringify(c.hold),
  );
};

export const listCopies = (
  sql: Sql,
  origin: string,
  which: "kept" | "taken",
  after: number,
  limit: number,
): ReadonlyArray<CopyEntry> =>
  sql(
    `SELECT m.id AS id, c.number AS number FROM copy c JOIN message m ON m.number = c.number
     WHERE c.origin = ? AND c.number > ? AND c.taken_at IS ${which === "kept" ? "" : "NOT "}NULL
     ORDER BY c.number LIMIT ?`,
  ).all(origin, after, limit) as unknown as ReadonlyArray<CopyEntry>;

const find = (sql: Sql, origin: string, id: string) =>
  sql(
    "SELECT c.number AS number, c.taken_at AS taken FROM message m JOIN copy c ON c.number = m.number WHERE m.id = ? AND c.origin = ?",
  ).get(id, origin) as { readonly number: number; readonly taken: number | null } | undefined;

/** Ids of those that were taken over; see `Copies`. */
export const updateCopies = (
  sql: Sql,
  origin: string,
  standing: ReadonlyArray<Standing>,
): ReadonlyArray<string> => {
  const taken: Array<string> = [];
  for (const { id, open } of standing) {
    const copy = find(sql, origin, id);
    if (copy === undefined) continue;
    if (copy.taken !== null) taken.push(id);
    else if (open.length === 0) dropMessages(sql, { from: copy.number, to: copy.number });
    else {
      sql("UPDATE copy SET open = ? WHERE number = ?").run(JSON.stringify(open), copy.number);
    }
  }
  return taken;
};

/** From now on a message like any other. */
export const forgetTaken = (sql: Sql, origin: string, ids: ReadonlyArray<string>): void => {
  for (const id of ids) {
    const copy = find(sql, origin, id);
    if (copy !== undefined && copy.taken !== null) {
      sql("DELETE FROM copy WHERE number = ?").run(copy.number);
    }
  }
};

/** Of messages that were committed here. */
export const standingOf = (sql: Sql, ids: ReadonlyArray<string>): ReadonlyArray<Standing> =>
  ids.map((id) => {
    const number = sql("SELECT number FROM message WHERE id = ? AND complete = 1").get(id)
      ?.["number"];
    if (typeof number !== "number") return { id, open: [] };
    const { first, end } = range(number);
    const rows = sql(
      `SELECT address, hop, via, state, due, attempts FROM recipient WHERE key >= ? AND key < ? AND state <= ${STATE.held} ORDER BY key`,
    ).all(first, end);
    return { id, open: rows.map(openRow) };
  });

const openRow = (r: Record<string, unknown>): OpenRecipient => ({
  address: r["address"] as string,
  hop: r["hop"] as string,
  via: r["via"] as string | null,
  held: r["state"] === STATE.held,
  due: r["due"] as number,
  attempts: r["attempts"] as number,
});

/** Undelivered: `by` has taken these messages of ours over. The keys of what was open. */
export const takeOut = (
  sql: Sql,
  ids: ReadonlyArray<string>,
  by: string,
  now: number,
): ReadonlyArray<number> =>
  ids.flatMap((id) => {
    const number = sql("SELECT number FROM message WHERE id = ? AND complete = 1").get(id)
      ?.["number"];
    if (typeof number !== "number") return [];
    const { first, end } = range(number);
    const keys = sql(
      `SELECT key FROM recipient WHERE key >= ? AND key < ? AND state <= ${STATE.held}`,
    ).all(first, end).map((r) => r["key"] as number);
    for (const key of keys) {
      sql(`UPDATE recipient SET state = ${STATE.removed} WHERE key = ?`).run(key);
      sql(REMEMBER).run(key, now, "removed", null, `${by} has taken it over`, null);
    }
    return keys;
  });
