/** Messages that are held for a reason: a row while the hold lasts. */

/**
 * `expires` = 1: once `until` has passed the message goes back to its sender, and the row stays until that is
 * recorded, so that nobody takes it for one that may leave. `token`: keyed digest of what releases it.
 */
export const HOLD_SCHEMA = `
CREATE TABLE IF NOT EXISTS hold (
  number INTEGER PRIMARY KEY,
  reason TEXT NOT NULL,
  until INTEGER,
  expires INTEGER NOT NULL,
  token BLOB
);
CREATE INDEX IF NOT EXISTS hold_until ON hold (until) WHERE until IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS hold_token ON hold (token) WHERE token IS NOT NULL;
CREATE TABLE IF NOT EXISTS hold_key (id INTEGER PRIMARY KEY CHECK (id = 1), octets BLOB NOT NULL);
INSERT OR IGNORE INTO hold_key (id, octets) VALUES (1, randomblob(32));
`;
