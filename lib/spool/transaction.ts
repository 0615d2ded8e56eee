/** One transaction of a connection that is used by itself. */
import type { DatabaseSync } from "node:sqlite";

/** `dryRun`: everything is undone again. */
export const inTransaction = <A>(db: DatabaseSync, f: () => A, dryRun = false): A => {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = f();
    db.exec(dryRun ? "ROLLBACK" : "COMMIT");
    return value;
  } catch (e) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw e;
  }
};
