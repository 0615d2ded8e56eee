/** The SQLite file of the accounts: opening, schema, transactions. Knows nothing of passwords. */
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CLIENTS_SCHEMA } from "./schema_clients.ts";
import { LOGINS_SCHEMA } from "./schema_logins.ts";
import { RIGHTS_SCHEMA } from "./schema_rights.ts";

/** Stands in the file's header: "PstA". */
const APPLICATION_ID = 0x50737441;

const FIRST_SCHEMA = `
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  secret BLOB NOT NULL
) STRICT;
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  disabled INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL,
  salt BLOB NOT NULL,
  iterations INTEGER NOT NULL,
  stored_key BLOB NOT NULL,
  server_key BLOB NOT NULL
) STRICT;
CREATE TABLE address (
  key TEXT PRIMARY KEY,
  local_key TEXT NOT NULL,
  text TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  UNIQUE (account, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_local ON address (local_key);
`;

/** What brings the schema from one version to the next; each runs once, in this order. Never changed, only added to. */
const MIGRATIONS: ReadonlyArray<string> = [
  FIRST_SCHEMA,
  LOGINS_SCHEMA,
  RIGHTS_SCHEMA,
  CLIENTS_SCHEMA,
];

const SCHEMA_VERSION = MIGRATIONS.length;

export interface OpenOptions {
  /** A file, or `:memory:`. Made, with its directory, where it does not exist. */
  readonly path: string;
  /** For looking only: the file must exist, nothing is changed. */
  readonly readOnly?: boolean;
}

/** Opens the store and brings its schema up to date; throws a plain Error where that cannot be. */
export const openDatabase = (o: OpenOptions): DatabaseSync => {
  const readOnly = o.readOnly ?? false;
  if (readOnly) Deno.statSync(o.path);
  else if (o.path !== ":memory:") makeFile(o.path);
  // a connection that can only read would leave its -wal and -shm files behind
  const db = new DatabaseSync(o.path, { timeout: 5000 });
  try {
    db.exec(readOnly ? "PRAGMA query_only = ON" : "PRAGMA foreign_keys = ON");
    if (!readOnly) db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    ensureSchema(db, o);
    return db;
  } catch (e) {
    db.close();
    throw e;
  }
};

/** Verifiers are nobody else's business: the file is made with mode 0600 before SQLite opens it. */
const makeFile = (path: string): void => {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (e) {
    if (!(e instanceof Deno.errors.AlreadyExists)) throw e;
    closeToOthers(path);
  }
};

/** Files of before, and what SQLite keeps beside them; those of another owner are told by the one who opens them. */
const closeToOthers = (path: string): void => {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if (((Deno.statSync(file).mode ?? 0) & 0o077) !== 0) Deno.chmodSync(file, 0o600);
    } catch {
      // not there
    }
  }
};

const pragma = (db: DatabaseSync, name: string): number => {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
};

const ensureSchema = (db: DatabaseSync, o: OpenOptions): void => {
  const application = pragma(db, "application_id");
  const version = pragma(db, "user_version");
  if (application === APPLICATION_ID && version === SCHEMA_VERSION) return;
  if (application === APPLICATION_ID && version > SCHEMA_VERSION) {
    throw new Error(`${o.path} was written by a newer version of this program`);
  }
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || hasTables(db))) {
    throw new Error(`${o.path} is a database of another kind`);
  }
  if (o.readOnly === true) {
    throw new Error(
      version === 0
        ? `${o.path} holds no accounts yet`
        : `${o.path} was written by an older version of this program; any command that changes it, or the server, brings it up to date`,
    );
  }
  transaction(db, () => migrate(db));
};

/** Runs what is missing; another process may have been faster. */
const migrate = (db: DatabaseSync): void => {
  const version = pragma(db, "user_version");
  for (const step of MIGRATIONS.slice(version)) db.exec(step);
  if (version === 0) {
    db.prepare("INSERT INTO meta (id, revision, secret) VALUES (1, 0, ?)").run(randomBytes(32));
  }
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
};

const hasTables = (db: DatabaseSync): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;

/** Runs `work` in one transaction: all of it or, where it throws, nothing. */
export const transaction = <A>(db: DatabaseSync, work: () => A): A => {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (e) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw e;
  }
};
