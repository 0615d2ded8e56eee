/**
 * The tables of how accounts sign in: keys of SCRAM-SHA-1, a hash of another server until the password is shown,
 * the weakest mechanism allowed, client certificates; and the recipients of an account.
 */
export const LOGINS_SCHEMA = `
ALTER TABLE account ADD COLUMN sha1_stored_key BLOB;
ALTER TABLE account ADD COLUMN sha1_server_key BLOB;
ALTER TABLE account ADD COLUMN imported TEXT;
ALTER TABLE account ADD COLUMN minimum TEXT NOT NULL DEFAULT 'plain';
CREATE TABLE certificate (
  fingerprint TEXT PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_account ON certificate (account);
CREATE TABLE correspondent (
  account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  recipient BLOB NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (account, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX correspondent_since ON correspondent (account, since);
`;
