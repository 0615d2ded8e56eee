/**
 * The tables of the SQLite spool.
 *
 * Rows of one message share its number: a recipient's key is `number * 2^20 + index` and a chunk's
 * likewise, so that both are found by a range of the primary key and need no index.
 */

import { COPY_SCHEMA } from "./schema_copy.ts";
import { EVENT_SCHEMA } from "./schema_events.ts";
import { HOLD_SCHEMA } from "./schema_hold.ts";
import { LIFE_SCHEMA } from "./schema_life.ts";

/** Recipients, and chunks, that a message may have. */
export const PER_MESSAGE = 2 ** 20;
export const SCHEMA_VERSION = 8;

/** Codes of `recipient.state`; 0 and 1 are unfinished. `damaged`: not sent, and the content stays for a while. */
export const STATE = {
  queued: 0,
  leased: 1,
  held: 2,
  delivered: 3,
  failed: 4,
  expired: 5,
  removed: 6,
  damaged: 7,
} as const;

/**
 * `message.complete` = 0: a body is still being staged; nothing but `discard` and the purge looks at it.
 * `owner`: a running process; its leases count while `alive_until` (ms) lies ahead. A recipient that an operator
 * held or removed under way keeps its owner, who may yet tell that it was delivered.
 * `suppressed`: addresses to which no mail is accepted, ASCII letters in lower case.
 * `history`: what befell a recipient before its present state; a message that is delivered at once has none.
 * `finished`: what is over, and since when (ms); beside `message`, whose long rows are written only once.
 * Indices are partial, so that a message that is leased as it comes and delivered at once touches only one of them.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS message (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT UNIQUE,
  complete INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  account TEXT,
  return_path TEXT,
  facts TEXT,
  size INTEGER NOT NULL DEFAULT 0,
  digest BLOB,
  head BLOB,
  trail TEXT,
  owner TEXT
);
CREATE TABLE IF NOT EXISTS finished (
  at INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (at, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunk (key INTEGER PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS recipient (
  key INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  hop TEXT NOT NULL,
  state INTEGER NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  status TEXT,
  reply TEXT,
  remote TEXT,
  at INTEGER,
  via TEXT,
  sender TEXT,
  priority INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS history (
  recipient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  status TEXT,
  reply TEXT,
  remote TEXT,
  PRIMARY KEY (recipient, at, what)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recipient_due ON recipient (due) WHERE state = 0;
CREATE INDEX IF NOT EXISTS recipient_sender ON recipient (sender, due) WHERE state = 0;
CREATE INDEX IF NOT EXISTS recipient_hop ON recipient (hop, due) WHERE state = 0;
CREATE INDEX IF NOT EXISTS recipient_urgent ON recipient (due) WHERE state = 0 AND priority > 0;
CREATE INDEX IF NOT EXISTS recipient_leased ON recipient (owner) WHERE state = 1;
CREATE INDEX IF NOT EXISTS recipient_held ON recipient (key) WHERE state = 2;
CREATE INDEX IF NOT EXISTS recipient_damaged ON recipient (key) WHERE state = 7;
CREATE INDEX IF NOT EXISTS message_staging ON message (owner) WHERE complete = 0;
CREATE TABLE IF NOT EXISTS suppressed (
  address TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owner (id TEXT PRIMARY KEY, alive_until INTEGER NOT NULL);
${EVENT_SCHEMA}
${HOLD_SCHEMA}
${COPY_SCHEMA}
${LIFE_SCHEMA}`;

/** What brings a spool of that version to the next; `SCHEMA` makes the rest. */
export const MIGRATIONS: Readonly<Record<number, string>> = {
  1: `
ALTER TABLE recipient ADD COLUMN via TEXT;
ALTER TABLE recipient ADD COLUMN sender TEXT;
ALTER TABLE recipient ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
`,
  2: "",
  3: `
CREATE TABLE IF NOT EXISTS finished (at INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (at, number)) WITHOUT ROWID;
INSERT OR IGNORE INTO finished SELECT finished_at, number FROM message WHERE finished_at IS NOT NULL;
DROP INDEX IF EXISTS message_finished;
`,
  4: "",
  5: "",
  6: "",
  7: "",
};

/** Full durability: a commit is on stable storage when it returns. */
export const PRAGMAS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 10000;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA temp_store = MEMORY;
`;

/** What befell a recipient. */
export const REMEMBER =
  "INSERT OR REPLACE INTO history (recipient, at, what, status, reply, remote) VALUES (?, ?, ?, ?, ?, ?)";
