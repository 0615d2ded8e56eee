/** The progress of the spool. */

/**
 * One row. `count` goes up with each sign of life, `alive_at` (ms) says when the last one was; `copied_at`: this is a
 * copy, made then; null where it is not.
 */
export const LIFE_SCHEMA = `
CREATE TABLE IF NOT EXISTS life (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  count INTEGER NOT NULL,
  alive_at INTEGER NOT NULL,
  copied_at INTEGER
);
CREATE TABLE IF NOT EXISTS doubted (key INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pause (one INTEGER PRIMARY KEY CHECK (one = 1), ended_at INTEGER NOT NULL);
`;
