/** Clients by which an account has submitted: keyed digests of address blocks and EHLO names. */
export const CLIENTS_SCHEMA = `
CREATE TABLE client (
  account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  mark BLOB NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (account, mark)
) STRICT, WITHOUT ROWID;
`;
