/**
 * The content of messages, on whichever connection: chunks while a body arrives, and the whole once it is
 * committed.
 */
import { createHash } from "node:crypto";
import { dropMessages } from "./finished.ts";
import type { Sql } from "./transaction.ts";
import type { ReadPart } from "./protocol.ts";
import { range } from "./number_ranges.ts";

/** What is read is not what was kept, and no later read finds it whole. */
export class Damaged extends Error {}

const SQLITE_CORRUPT = 11;

/** Pages of the database cannot be read as what they are. */
export const isCorrupt = (e: unknown): boolean =>
  e instanceof Error && "errcode" in e && typeof e.errcode === "number" &&
  (e.errcode & 0xff) === SQLITE_CORRUPT;

/** What is good to have, and not worth a server that does not start; nothing where its pages are broken. */
export const unlessCorrupt = <A>(read: () => A): A | undefined => {
  try {
    return read();
  } catch (e) {
    if (!isCorrupt(e)) throw e;
    return undefined;
  }
};

/** `read`, of the content of this message: pages that are broken are damage to it, and to no other. */
const ofMessage = <A>(id: string, read: () => A): A => {
  try {
    return read();
  } catch (e) {
    if (isCorrupt(e)) throw new Damaged(`message ${id} is damaged on the disk`, { cause: e });
    throw e;
  }
};

/** Adds to a body that is not complete, or begins one that is its owner's; its number. */
export const stageChunks = (
  sql: Sql,
  known: number | null,
  chunks: ReadonlyArray<Uint8Array>,
  owner: string,
  now: number,
): number => {
  const number = known ?? Number(
    sql("INSERT INTO message (complete, accepted_at, owner) VALUES (0, ?, ?)").run(
      now,
      owner,
    ).lastInsertRowid,
  );
  const { first, end } = range(number);
  const last = sql("SELECT max(key) AS k FROM chunk WHERE key >= ? AND key < ?").get(
    first,
    end,
  )?.["k"];
  let key = typeof last === "number" ? last + 1 : first;
  for (const c of chunks) {
    sql("INSERT INTO chunk (key, octets) VALUES (?, ?)").run(key++, c);
  }
  return number;
};

/** Forgets a body that is not complete; one that is part of a message stays. */
export const dropStaged = (sql: Sql, number: number): void => {
  const staged = sql("SELECT 1 FROM message WHERE number = ? AND complete = 0").get(number);
  if (staged !== undefined) dropMessages(sql, { from: number, to: number });
};

/** One chunk of a body that is not complete. */
export const readStaged = (sql: Sql, number: number, index: number): ReadPart => {
  const row = sql("SELECT octets FROM chunk WHERE key = ?").get(
    range(number).first + index,
  );
  const octets = row?.["octets"];
  if (!(octets instanceof Uint8Array)) throw new Error("the staged body is gone");
  return { parts: [octets], next: null, digest: null };
};

/**
 * The content of a message from one of its chunks on, -1: from the head on, where what is whole is compared with its
 * checksum. Throws where it is not there, or not what was kept.
 */
export const readContent = (sql: Sql, id: string, chunk: number): ReadPart =>
  ofMessage(id, () => contentFrom(sql, id, chunk));

const contentFrom = (sql: Sql, id: string, chunk: number): ReadPart => {
  const m = sql(
    "SELECT number, head, digest FROM message WHERE id = ? AND complete = 1",
  ).get(id);
  if (m === undefined) throw new Damaged(`message ${id} is not in the spool any more`);
  const { first, end } = range(m["number"] as number);
  const digest = m["digest"] as Uint8Array;
  const from = first + Math.max(chunk, 0);
  const octets = sql(
    "SELECT octets FROM chunk WHERE key >= ? AND key < ? ORDER BY key LIMIT 1",
  ).get(from, end)?.["octets"] as Uint8Array | undefined;
  // without what it holds
  const behind = sql(
    "SELECT key FROM chunk WHERE key >= ? AND key < ? ORDER BY key LIMIT 1 OFFSET 1",
  ).get(from, end)?.["key"] as number | undefined;
  const next = behind === undefined ? null : behind - first;
  if (chunk >= 0) {
    if (octets === undefined) throw new Damaged(`message ${id} has lost part of its content`);
    return { parts: [octets], next, digest };
  }
  const head = m["head"] as Uint8Array;
  const parts = octets === undefined ? [head] : [head, octets];
  if (next !== null) return { parts, next, digest };
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  if (!hash.digest().equals(digest)) {
    throw new Damaged(`message ${id} is damaged: its checksum differs`);
  }
  return { parts, next, digest: null };
};

/** What is left of a message's content, piece by piece; null: a piece that cannot be read. */
export function* rescue(sql: Sql, number: number): Generator<Uint8Array | null> {
  yield piece(() => sql("SELECT head AS octets FROM message WHERE number = ?").get(number));
  const { first, end } = range(number);
  // from the index of keys, which one broken page of content does not touch
  const keys = sql("SELECT key FROM chunk WHERE key >= ? AND key < ? ORDER BY key").all(first, end);
  for (const { key } of keys) {
    yield piece(() => sql("SELECT octets FROM chunk WHERE key = ?").get(key as number));
  }
}

const piece = (read: () => Record<string, unknown> | undefined): Uint8Array | null => {
  try {
    const octets = read()?.["octets"];
    return octets instanceof Uint8Array ? octets : null;
  } catch {
    return null;
  }
};
