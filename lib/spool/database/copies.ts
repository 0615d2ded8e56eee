/**
 * The table of copies, on whichever connection, and the state of our own messages, for the server that keeps their
 * copies.
 */
import { createHash } from "node:crypto";
import type { CopyEntry, Standing } from "../../ports/copies.ts";
import type { CopyOf, OpenRecipient, Source } from "../../ports/copy_of.ts";
import { dropMessages } from "./finished.ts";
import type { Sql } from "./transaction.ts";
import { range } from "./number_ranges.ts";
import type { StoredRow } from "./protocol.ts";
import { PER_MESSAGE, REMEMBER, STATE } from "./schema.ts";

/** How a source stands in the table of owners: alive while its link is. */
export const aliveAs = ({ origin, spool }: Source): string => `copies of ${origin} ${spool}`;

/** Whether it has, as it must, no fewer messages than when it was heard from last. */
export const heardOf = (sql: Sql, { origin, spool }: Source, last: number): boolean => {
  const known = sql("SELECT last FROM source WHERE origin = ? AND spool = ?").get(origin, spool)
    ?.["last"];
  if (typeof known === "number" && last < known) return false;
  if (known !== last) {
    sql("INSERT OR REPLACE INTO source (origin, spool, last) VALUES (?, ?, ?)")
      .run(origin, spool, last);
  }
  return true;
};

/** What this spool goes by: drawn when it was made. */
export const ownSpool = (sql: Sql): { readonly spool: string; readonly last: number } => {
  const key = sql("SELECT octets FROM hold_key").get()?.["octets"];
  const last = sql("SELECT seq FROM sqlite_sequence WHERE name = 'message'").get()?.["seq"];
  return {
    spool: createHash("sha256").update("spool\0").update(key as Uint8Array).digest("hex")
      .slice(0, 16),
    last: Number(last ?? 0),
  };
};

/** Enters a copy; its message is committed in the same transaction, without recipients. */
export const enterCopy = (sql: Sql, number: number, c: CopyOf): void => {
  sql("INSERT INTO copy (number, origin, spool, open, hold) VALUES (?, ?, ?, ?, ?)").run(
    number,
    c.origin,
    c.spool,
    JSON.stringify(c.open),
    c.hold === null ? null : JSON.stringify(c.hold),
  );
};

export const listCopies = (
  sql: Sql,
  { origin, spool }: Source,
  which: "kept" | "taken",
  after: number,
  limit: number,
): ReadonlyArray<CopyEntry> =>
  sql(
    `SELECT m.id AS id, c.number AS number FROM copy c JOIN message m ON m.number = c.number
     WHERE c.origin = ? AND c.spool = ? AND c.number > ? AND c.taken_at IS ${
      which === "kept" ? "" : "NOT "
    }NULL
     ORDER BY c.number LIMIT ?`,
  ).all(origin, spool, after, limit) as unknown as ReadonlyArray<CopyEntry>;

const find = (sql: Sql, { origin, spool }: Source, id: string) =>
  sql(
    "SELECT c.number AS number, c.taken_at AS taken FROM message m JOIN copy c ON c.number = m.number WHERE m.id = ? AND c.origin = ? AND c.spool = ?",
  ).get(id, origin, spool) as
    | { readonly number: number; readonly taken: number | null }
    | undefined;

/** Ids of those that were taken over; see `Copies`. */
export const updateCopies = (
  sql: Sql,
  source: Source,
  standing: ReadonlyArray<Standing>,
): ReadonlyArray<string> => {
  const taken: Array<string> = [];
  for (const { id, open } of standing) {
    const copy = find(sql, source, id);
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
export const forgetTaken = (sql: Sql, source: Source, ids: ReadonlyArray<string>): void => {
  for (const id of ids) {
    const copy = find(sql, source, id);
    if (copy !== undefined && copy.taken !== null) {
      sql("DELETE FROM copy WHERE number = ?").run(copy.number);
    }
  }
};

type OpenRow = Readonly<Record<string, unknown>>;

/** Recipients that a message is not done with; none where it is not there. */
const openIn = (sql: Sql, id: string): ReadonlyArray<OpenRow> => {
  const number = sql("SELECT number FROM message WHERE id = ? AND complete = 1").get(id)
    ?.["number"];
  if (typeof number !== "number") return [];
  const { first, end } = range(number);
  return sql(
    `SELECT key, address, hop, via, state, due, attempts FROM recipient WHERE key >= ? AND key < ? AND state <= ${STATE.held} ORDER BY key`,
  ).all(first, end);
};

/** Of messages that were committed here. */
export const standingOf = (sql: Sql, ids: ReadonlyArray<string>): ReadonlyArray<Standing> =>
  ids.map((id) => ({ id, open: openIn(sql, id).map(openRow) }));

const openRow = (r: OpenRow): OpenRecipient => ({
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
    const keys = openIn(sql, id).map((r) => r["key"] as number);
    for (const key of keys) {
      sql(`UPDATE recipient SET state = ${STATE.removed} WHERE key = ?`).run(key);
      sql(REMEMBER).run(key, now, "removed", null, `${by} has taken it over`, null);
    }
    return keys;
  });

/** Messages of ours that are to stand elsewhere too, numbered above `after`. */
export const replicatedAfter = (
  sql: Sql,
  after: number,
  limit: number,
): ReadonlyArray<CopyEntry> =>
  sql(
    "SELECT m.id AS id, r.number AS number FROM replicated r JOIN message m ON m.number = r.number WHERE r.number > ? ORDER BY r.number LIMIT ?",
  ).all(after, limit) as unknown as ReadonlyArray<CopyEntry>;

/** A message as it was kept, without its body; null: it is not there. */
export const storedAs = (sql: Sql, id: string): StoredRow | null =>
  (sql(
    `SELECT m.id AS id, m.accepted_at AS at, m.account AS account, m.facts AS facts, m.size AS size, m.digest AS digest,
            m.head AS head, m.trail AS trail, h.reason AS reason, h.until AS until, h.expires AS expires
     FROM message m LEFT JOIN hold h ON h.number = m.number WHERE m.id = ? AND m.complete = 1`,
  ).get(id) as unknown as StoredRow | undefined) ?? null;

/** A piece of its body, counted from 0; null behind the last. */
export const bodyPart = (sql: Sql, id: string, index: number): Uint8Array | null => {
  const octets = sql(
    `SELECT c.octets AS octets FROM message m JOIN chunk c ON c.key = m.number * ${PER_MESSAGE} + ? WHERE m.id = ? AND m.complete = 1`,
  ).get(index, id)?.["octets"];
  return octets instanceof Uint8Array ? octets : null;
};
