/** Statements and transactions of one connection. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Prepares a statement, or finds it prepared. */
export type Sql = (text: string) => StatementSync;

/** Each statement is prepared once. */
export const statementsOf = (db: DatabaseSync): Sql => {
  const prepared = new Map<string, StatementSync>();
  return (text) => {
    let s = prepared.get(text);
    if (s === undefined) {
      s = db.prepare(text);
      prepared.set(text, s);
    }
    return s;
  };
};

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
