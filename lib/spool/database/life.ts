/**
 * Counts the progress of a spool, in itself and in a small file beside it: the start notices a spool that was
 * rolled back, and how long no server ran.
 *
 * The count goes up with each sign of life and is on the disk before the file beside it says so: after a kill or a
 * power failure the spool is never behind its witness.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { unlessCorrupt } from "./content.ts";
import { ownSpool } from "./copies.ts";
import type { Before } from "./protocol.ts";
import type { Sql } from "./transaction.ts";
import { STATE } from "./schema.ts";

/** A server that is away for less was restarted. */
const LONG_MS = 10 * 60_000;

/** What the file says. */
export interface Witness {
  /** What the spool goes by. */
  readonly spool: string;
  readonly count: number;
}

/** Beside the spool, so that it is not part of a copy of the database. */
export const witnessPath = (spool: string): string => `${spool}.witness`;

/** Null where there is none that can be read: it tells nothing then. */
export const readWitness = (spool: string): Witness | null => {
  try {
    const read: unknown = JSON.parse(readFileSync(witnessPath(spool), "utf8"));
    return isWitness(read) ? read : null;
  } catch {
    return null;
  }
};

const isWitness = (v: unknown): v is Witness =>
  typeof v === "object" && v !== null && "spool" in v && "count" in v &&
  typeof v.spool === "string" && typeof v.count === "number";

/** Not synchronised: what a power failure takes away makes it older, and it then tells less. */
const writeWitness = (path: string, owner: string, witness: Witness): void => {
  const file = witnessPath(path);
  const made = `${file}.${owner}`;
  try {
    writeFileSync(made, JSON.stringify(witness), { mode: 0o600 });
    renameSync(made, file);
  } catch (e) {
    rmSync(made, { force: true });
    throw e;
  }
};

/** Why a spool with this count is not trusted. Pure. */
export const doubtOf = (
  own: Witness,
  copiedAt: number | null,
  witness: Witness | null,
): string | null => {
  if (copiedAt !== null) {
    return `it is a copy that was made at ${new Date(copiedAt).toISOString()}`;
  }
  if (witness === null) return null;
  if (witness.spool !== own.spool) {
    return "another spool was in its place, so that messages in it may have been sent already";
  }
  return witness.count > own.count
    ? "it is older than the last spool that was written here: it was restored from a copy"
    : null;
};

/** Marks the spool in an open database as a copy, which starts held. For programs that make copies. */
export const markCopy = (db: DatabaseSync, now: number): void => {
  db.prepare("INSERT OR IGNORE INTO life (one, count, alive_at) VALUES (1, 0, ?)").run(now);
  db.prepare("UPDATE life SET copied_at = ?").run(now);
};

export class Life {
  readonly #sql: Sql;
  readonly #path: string;
  readonly #owner: string;
  /** Why the file beside the spool could not be written; null: it could. */
  fault: string | null = null;

  constructor(sql: Sql, path: string, owner: string) {
    this.#sql = sql;
    this.#path = path;
    this.#owner = owner;
  }

  /** Of the time before this process; to be asked before its first sign of life. */
  before(now: number): Before {
    const row = this.#sql("SELECT alive_at, copied_at FROM life").get();
    // of a spool that no sign of life was written into yet, what it took last tells
    const at = row?.["alive_at"] ?? this.#newest();
    const copiedAt = row?.["copied_at"];
    const downMs = typeof at === "number" ? Math.max(0, now - at) : 0;
    return {
      downMs,
      sinceDownMs: downMs > LONG_MS ? 0 : this.#sinceDown(now),
      // where nothing waits to be sent there is nothing to ask
      doubt: !this.#anyOpen() ? null : doubtOf(
        this.#own(),
        typeof copiedAt === "number" ? copiedAt : null,
        readWitness(this.#path),
      ),
    };
  }

  #newest(): unknown {
    return unlessCorrupt(() =>
      this.#sql("SELECT accepted_at FROM message ORDER BY number DESC LIMIT 1").get()
    )?.["accepted_at"];
  }

  #sinceDown(now: number): number | null {
    const ended = this.#sql("SELECT ended_at FROM pause").get()?.["ended_at"];
    return typeof ended === "number" && ended <= now ? now - ended : null;
  }

  /**
   * Time in which nobody could release it brings nothing back to its sender: what was to go back meanwhile is held for
   * as much longer. Remembers that it was long. Within a transaction.
   */
  forgive(now: number, { downMs }: Before): void {
    if (downMs <= LONG_MS) return;
    this.#sql("INSERT OR REPLACE INTO pause (one, ended_at) VALUES (1, ?)").run(now);
    this.#sql(
      "UPDATE hold SET until = until + ? WHERE expires = 1 AND until > ? AND until <= ?",
    ).run(downMs, now - downMs, now);
  }

  /** A long time in which nobody ran ended within the last `ms`. */
  backWithin(ms: number, now: number): boolean {
    const since = this.#sinceDown(now);
    return since !== null && since < ms;
  }

  #anyOpen(): boolean {
    const one = this.#sql(`SELECT 1 FROM recipient WHERE state = ? LIMIT 1`);
    return [STATE.queued, STATE.leased, STATE.held].some((state) => one.get(state) !== undefined);
  }

  /** It is trusted from now on, however far it was. Within a transaction. */
  adopt(): void {
    const witness = readWitness(this.#path);
    this.#sql("UPDATE life SET copied_at = NULL, count = max(count, ?)").run(witness?.count ?? 0);
  }

  /** A sign of life. Within a transaction. */
  renew(now: number): void {
    this.#sql(
      "INSERT INTO life (one, count, alive_at) VALUES (1, 1, ?) ON CONFLICT (one) DO UPDATE SET count = count + 1, alive_at = excluded.alive_at",
    ).run(now);
  }

  /**
   * After the transaction: the file never says more than the database. A disk that takes no file stops no mail: the one
   * of before stands, which tells less.
   */
  witness(): void {
    try {
      writeWitness(this.#path, this.#owner, this.#own());
      this.fault = null;
    } catch (e) {
      this.fault = e instanceof Error ? e.message : String(e);
    }
  }

  #own(): Witness {
    const count = this.#sql("SELECT count FROM life").get()?.["count"];
    return { spool: ownSpool(this.#sql).spool, count: Number(count ?? 0) };
  }
}
