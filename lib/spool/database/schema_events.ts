/** Events that listeners outside have not taken yet; empty without listeners. */

/**
 * `event_sink`: whoever listens, with the last event that it has taken, how many it missed, and the running process
 * that tells it (`owner`). `kinds`: JSON.
 */
export const EVENT_SCHEMA = `
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS event_sink (
  name TEXT PRIMARY KEY,
  kinds TEXT NOT NULL,
  seq INTEGER NOT NULL,
  dropped INTEGER NOT NULL DEFAULT 0,
  owner TEXT
) WITHOUT ROWID;
`;
