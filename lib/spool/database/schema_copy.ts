/** Copies of messages that another server delivers. */

/**
 * A row for each copy; its message has no recipients of its own while `taken_at` is null, so that nothing sends it.
 * `origin`, `spool`: see `Source`. `open`: JSON of those that its server is not done with; `hold`: JSON of what holds it there.
 * `replicated`: messages of ours that another server keeps copies of, until they are done with.
 * `source`: the greatest number that a message had there.
 */
export const COPY_SCHEMA = `
CREATE TABLE IF NOT EXISTS copy (
  number INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  spool TEXT NOT NULL,
  open TEXT NOT NULL,
  hold TEXT,
  taken_at INTEGER
);
CREATE INDEX IF NOT EXISTS copy_source ON copy (origin, spool, number);
CREATE INDEX IF NOT EXISTS copy_taken ON copy (origin, spool, number) WHERE taken_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS replicated (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS source (
  origin TEXT NOT NULL,
  spool TEXT NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (origin, spool)
) WITHOUT ROWID;
`;
