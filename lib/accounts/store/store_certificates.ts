/** The statements over the client certificates of accounts. Synchronous; throws what SQLite throws. */
import type { DatabaseSync } from "node:sqlite";

export type Certified =
  | { readonly _tag: "Done" }
  /** The row of another account that has one of them. */
  | { readonly _tag: "Taken"; readonly by: number };

export interface CertificateStore {
  /** Fingerprints of an account, in order. */
  readonly of: (row: number) => ReadonlyArray<string>;
  /** Row of the account that a certificate was set for. */
  readonly owner: (fingerprint: string) => number | null;
  /** In place of those that were there; within the caller's transaction. */
  readonly set: (row: number, fingerprints: ReadonlyArray<string>) => Certified;
}

export const makeCertificateStore = (db: DatabaseSync): CertificateStore => {
  const all = db.prepare(
    "SELECT fingerprint FROM certificate WHERE account = ? ORDER BY fingerprint",
  );
  const owned = db.prepare("SELECT account FROM certificate WHERE fingerprint = ?");
  const drop = db.prepare("DELETE FROM certificate WHERE account = ?");
  const insert = db.prepare("INSERT INTO certificate (fingerprint, account) VALUES (?, ?)");
  const owner = (fingerprint: string): number | null => {
    const row = owned.get(fingerprint);
    return row === undefined ? null : Number(row["account"]);
  };
  return {
    of: (row) => all.all(row).map((r) => String(r["fingerprint"])),
    owner,
    set: (row, fingerprints) => {
      const wanted = [...new Set(fingerprints)];
      for (const f of wanted) {
        const by = owner(f) ?? row;
        if (by !== row) return { _tag: "Taken", by };
      }
      drop.run(row);
      for (const f of wanted) insert.run(f, row);
      return { _tag: "Done" };
    },
  };
};
