/**
 * The port `Correspondents` over the accounts' file. Recipients are kept as keyed digests: the file does not reveal
 * who writes to whom.
 */
import { createHmac } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Mailbox } from "../../address/mailbox.ts";
import type { Correspondents } from "../../ports/correspondents.ts";
import { attempt } from "../store/attempt.ts";
import { transaction } from "../store/database.ts";
import { addressKey } from "../store/names.ts";
import type { Store } from "../store/store.ts";

const DAY = 86_400_000;

/** `secret`: that of the file. */
export const makeCorrespondents = (
  db: DatabaseSync,
  store: Store,
  secret: Uint8Array,
): Correspondents["Service"] => {
  const known = db.prepare("SELECT 1 FROM correspondent WHERE account = ? AND recipient = ?");
  const countSince = db.prepare(
    "SELECT count(*) AS n FROM correspondent WHERE account = ? AND since > ?",
  );
  const note = db.prepare(
    "INSERT INTO correspondent (account, recipient, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );

  const digest = (m: Mailbox): Uint8Array =>
    createHmac("sha256", secret).update(`recipient\0${addressKey(m)}`, "utf8").digest()
      .subarray(0, 16);

  return {
    admit: (account, recipients, mostNew, now) =>
      attempt(() => {
        const row = store.rowOf(account);
        if (row === null) return false;
        const digests = recipients.map(digest);
        const isNew = (d: Uint8Array): boolean => known.get(row, d) === undefined;
        // mostly it is nobody new, and then nothing is written
        if (!digests.some(isNew)) return true;
        return transaction(db, () => {
          const fresh = new Set(digests.filter(isNew).map((d) => d.toBase64()));
          const before = Number(countSince.get(row, now - DAY)?.["n"]);
          if (before + fresh.size > mostNew) return false;
          for (const d of digests) note.run(row, d, now);
          return true;
        });
      }),
    newcomers: (account, recipients, since) =>
      attempt(() => {
        const row = store.rowOf(account);
        if (row === null) return { fresh: 0, before: 0 };
        const fresh = new Set(
          recipients.map(digest).filter((d) => known.get(row, d) === undefined)
            .map((d) => d.toBase64()),
        );
        return {
          fresh: fresh.size,
          before: fresh.size === 0 ? 0 : Number(countSince.get(row, since)?.["n"]),
        };
      }),
    note: (account, recipients, now) =>
      attempt(() => {
        const row = store.rowOf(account);
        const fresh = row === null
          ? []
          : recipients.map(digest).filter((d) => known.get(row, d) === undefined);
        if (row === null || fresh.length === 0) return;
        transaction(db, () => fresh.forEach((d) => note.run(row, d, now)));
      }),
  };
};
