/** The trouble of `lib/testing/commit_trouble.ts`, made in a spool's database. */
import { DatabaseSync } from "node:sqlite";
import { Effect, Layer } from "effect";
import { CommitTrouble, SLOW_MS, type Trouble } from "../../lib/testing/commit_trouble.ts";

/** Rows of a query that go on for some time; there is no sleep in SQL. */
const LONG = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT";

/** Work of another connection, as by another process. */
const STATEMENTS: Readonly<Record<Trouble, readonly [begin: string, end: string]>> = {
  "waits": ["BEGIN EXCLUSIVE", "ROLLBACK"],
  "slow": [
    `CREATE TRIGGER trouble AFTER INSERT ON %TABLE% BEGIN
       INSERT INTO trouble ${LONG} %ROWS%) SELECT count(*) FROM c; END`,
    "DROP TRIGGER trouble",
  ],
  "fails at its first row": [
    `CREATE TRIGGER trouble BEFORE INSERT ON recipient BEGIN SELECT RAISE(ABORT, 'out of order'); END`,
    "DROP TRIGGER trouble",
  ],
  // the constraint is looked at when the transaction commits
  "fails at its end": [
    "CREATE TRIGGER trouble AFTER INSERT ON recipient BEGIN INSERT INTO orphan VALUES (1); END",
    "DROP TRIGGER trouble",
  ],
};

const TABLES = `
CREATE TABLE IF NOT EXISTS trouble (n);
CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS orphan (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
`;

/** So many rows take so long here, about. */
const rowsFor = (db: DatabaseSync, ms: number): number => {
  const some = 200_000;
  const from = performance.now();
  db.prepare(`${LONG} ${some}) SELECT count(*) FROM c`).get();
  return Math.ceil(some * ms / (performance.now() - from));
};

/** Begins on a connection of its own; what is returned ends it. `ms`: how slow is slow, for a row of `table`. */
export const beginTrouble = (
  db: DatabaseSync,
  t: Trouble,
  ms = SLOW_MS,
  table: "recipient" | "copy" = "recipient",
): () => void => {
  const [begin, end] = STATEMENTS[t];
  db.exec(TABLES);
  const rows = t === "slow" ? rowsFor(db, ms) : 0;
  db.exec(begin.replace("%TABLE%", table).replace("%ROWS%", `${rows}`));
  return () => db.exec(end);
};

/** Trouble with the spool's database at `path`, which is there. */
export const sqliteTrouble = (path: string): Layer.Layer<CommitTrouble> =>
  Layer.effect(
    CommitTrouble,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(path, { timeout: 5_000 })),
        (db) => Effect.sync(() => db.close()),
      ),
      (db) => ({
        begin: (t) =>
          Effect.sync(() => {
            const end = beginTrouble(db, t);
            return Effect.sync(end);
          }),
      }),
    ),
  );
