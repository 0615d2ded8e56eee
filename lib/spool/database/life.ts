/**
 * Counts the progress of a spool, in itself and in a small file beside it: the start notices a spool that was
 * rolled back, and how long no server ran.
 *
 * The count goes up with each sign of life and is on the disk before the file beside it says so: after a kill or a
 * power failure the spool is never behind its witness.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { ownSpool } from "./copies.ts";
import type { Before } from "./protocol.ts";
import type { Sql } from "./transaction.ts";
import { STATE } from "./schema.ts";

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
  writeFileSync(made, JSON.stringify(witness), { mode: 0o600 });
  renameSync(made, file);
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

  constructor(sql: Sql, path: string, owner: string) {
    this.#sql = sql;
    this.#path = path;
    this.#owner = owner;
  }

  /** Of the time before this process; to be asked before its first sign of life. */
  before(now: number): Before {
    const row = this.#sql("SELECT alive_at, copied_at FROM life").get();
    const at = row?.["alive_at"];
    const copiedAt = row?.["copied_at"];
    return {
      downMs: typeof at === "number" ? Math.max(0, now - at) : 0,
      // where nothing waits to be sent there is nothing to ask
      doubt: !this.#anyOpen() ? null : doubtOf(
        this.#own(),
        typeof copiedAt === "number" ? copiedAt : null,
        readWitness(this.#path),
      ),
    };
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

  /** After the transaction: the file never says more than the database. A disk that takes no file stops no mail. */
  witness(): void {
    try {
      writeWitness(this.#path, this.#owner, this.#own());
    } catch {
      // the one of before stands, which tells less
    }
  }

  #own(): Witness {
    const count = this.#sql("SELECT count FROM life").get()?.["count"];
    return { spool: ownSpool(this.#sql).spool, count: Number(count ?? 0) };
  }
}
