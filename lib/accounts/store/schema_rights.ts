/** Tables of the accounts' database that hold grants, groups and permissions. */

/** Principals are account keys (see `addressKey`) or `group:name`; `''` stands for "none", since keys hold no NULL. */
export const RIGHTS_SCHEMA = `
CREATE TABLE sender_grant (
  principal TEXT NOT NULL,
  address TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('as', 'on-behalf')),
  credential TEXT NOT NULL,
  recipients TEXT,
  until INTEGER,
  PRIMARY KEY (principal, address, mode, credential)
) STRICT, WITHOUT ROWID;
CREATE TABLE group_member (
  principal TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (principal, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE permission (
  principal TEXT NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (principal, name, address)
) STRICT, WITHOUT ROWID;
`;
