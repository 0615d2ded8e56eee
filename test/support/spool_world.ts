/** A spool's database under a clock that only the test moves. */
import { DatabaseSync } from "node:sqlite";
import { SpoolDatabase } from "../../lib/spool/database/database.ts";
import type { ClaimedRow } from "../../lib/spool/database/protocol.ts";
import { one } from "./spool_ops.ts";

export const LEASE = 15_000;

/** A file, and a clock that only the test moves. */
export const world = (body: (w: World) => void) => () => {
  const dir = Deno.makeTempDirSync({ prefix: "postern-" });
  const w = new World(`${dir}/spool.db`);
  try {
    body(w);
  } finally {
    w.close();
    Deno.removeSync(dir, { recursive: true });
  }
};

export class World {
  now = 1_000_000;
  readonly path: string;
  readonly #open: Array<SpoolDatabase> = [];
  constructor(path: string) {
    this.path = path;
  }
  process(owner: string, keepDays = 1, startHeld = false): SpoolDatabase {
    const db = new SpoolDatabase(
      { open: this.path, owner, keepDays, leaseMs: LEASE, onceMs: 1_000, startHeld },
      () => this.now,
    );
    this.#open.push(db);
    return db;
  }
  /** Before the test does: stopped, or closed as by a kill. */
  end(db: SpoolDatabase, how: (db: SpoolDatabase) => void): void {
    this.#open.splice(this.#open.indexOf(db), 1);
    how(db);
  }
  /** A value that another connection reads. */
  count(table: string): number {
    const db = new DatabaseSync(this.path);
    try {
      return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
    } finally {
      db.close();
    }
  }
  close(): void {
    for (const db of this.#open) db.close();
  }
}

/** Leases what is due. */
export const claim = (db: SpoolDatabase, limit = 10) =>
  one(db, { op: "claim", limit }) as ReadonlyArray<ClaimedRow>;
export const ids = (db: SpoolDatabase) => claim(db).map((r) => r.id);
