/** The statements over the accounts' tables. Synchronous; throws what SQLite throws. */
import type { DatabaseSync } from "node:sqlite";
import { type Mailbox, printMailbox } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Strength } from "../../envelope/strength.ts";
import type { Account } from "../../ports/accounts.ts";
import { transaction } from "./database.ts";
import {
  importedOf,
  octets,
  type Row,
  strengthOf,
  VERIFIER_COLUMNS,
  verifierOf,
  verifierValues,
} from "./login_columns.ts";
import { addressKey, localKey, type LoginName } from "./names.ts";
import type { RightsStore } from "./rights_store.ts";
import { makeCertificateStore } from "./store_certificates.ts";
import type { Verifier } from "./verifier.ts";

/** An account with what checks its password. */
export interface StoredAccount {
  readonly account: Account;
  readonly verifier: Verifier;
  /** A hash of another server that counts in place of the verifier. */
  readonly imported: string | null;
}

export interface Store {
  /** Changes when another connection has committed. */
  readonly dataVersion: () => number;
  /** Key for the verifiers of names that nobody has. */
  readonly secret: () => Uint8Array;
  /** The rounds that most accounts have; null where there is none. */
  readonly usualIterations: () => number | null;
  /** Some domains of primary addresses, all of them where accounts are few; in order. */
  readonly domains: () => ReadonlyArray<string>;
  /** Every domain that an account has an address in. */
  readonly allDomains: () => ReadonlySet<string>;
  readonly byLogin: (name: LoginName) => StoredAccount | null;
  /** Row of the account whose primary address this is. */
  readonly rowOf: (id: string) => number | null;
  readonly byPrimary: (id: string) => StoredAccount | null;
  readonly byCertificate: (fingerprint: string) => StoredAccount | null;
  /** Any account, at the cost of one that was asked for. */
  readonly decoy: () => void;
  readonly all: () => ReadonlyArray<Account>;
  readonly insert: (addresses: ReadonlyArray<Mailbox>, v: Verifier) => Inserted;
  /** Each returns whether there is such an account. */
  readonly setVerifier: (id: string, v: Verifier) => boolean;
  /** Puts the hash of another server in place of what was there. */
  readonly setImported: (id: string, hash: string) => boolean;
  readonly setDisabled: (id: string, disabled: boolean) => boolean;
  readonly setMinimum: (id: string, minimum: Strength) => boolean;
  readonly setCertificates: (id: string, fingerprints: ReadonlyArray<string>) => Certified;
  /** A whole verifier for a password that is not changed: the account's revision stays. */
  readonly upgrade: (id: string, revision: number, v: Verifier) => void;
  readonly remove: (id: string) => boolean;
}

export type Inserted =
  | { readonly _tag: "Inserted" }
  | { readonly _tag: "Taken"; readonly address: string; readonly by: string };

export type Certified =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Nobody" }
  /** Another account has one of them. */
  | { readonly _tag: "Taken"; readonly by: string };

/** Prepares all statements once. */
export const makeStore = (db: DatabaseSync, rights: RightsStore): Store => {
  const dataVersion = db.prepare("PRAGMA data_version");
  const secret = db.prepare("SELECT secret FROM meta");
  const usual = db.prepare(
    "SELECT iterations FROM account GROUP BY iterations ORDER BY count(*) DESC, iterations DESC LIMIT 1",
  );
  // what follows the last @
  const domains = db.prepare(
    `SELECT DISTINCT replace(key, rtrim(key, replace(key, '@', '')), '') AS domain
    FROM (SELECT key FROM address WHERE position = 0 LIMIT 1000) ORDER BY domain`,
  );
  const allDomains = db.prepare(
    "SELECT DISTINCT replace(key, rtrim(key, replace(key, '@', '')), '') AS domain FROM address",
  );
  const byKey = db.prepare("SELECT account, position FROM address WHERE key = ?");
  const byLocal = db.prepare("SELECT DISTINCT account FROM address WHERE local_key = ? LIMIT 2");
  const accountRow = db.prepare("SELECT * FROM account WHERE id = ?");
  const addresses = db.prepare("SELECT text FROM address WHERE account = ? ORDER BY position");
  const keysOf = db.prepare("SELECT key FROM address WHERE account = ?");
  const ids = db.prepare("SELECT account FROM address WHERE position = 0 ORDER BY key");
  const nextRevision = db.prepare("UPDATE meta SET revision = revision + 1 RETURNING revision");
  const insertAccount = db.prepare(
    `INSERT INTO account (revision, ${VERIFIER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertAddress = db.prepare(
    "INSERT INTO address (key, local_key, text, account, position) VALUES (?, ?, ?, ?, ?)",
  );
  const updateVerifier = db.prepare(
    `UPDATE account SET (revision, ${VERIFIER_COLUMNS}, imported) = (?, ?, ?, ?, ?, ?, ?, NULL) WHERE id = ?`,
  );
  const upgradeVerifier = db.prepare(
    `UPDATE account SET (${VERIFIER_COLUMNS}, imported) = (?, ?, ?, ?, ?, ?, NULL) WHERE id = ? AND revision = ?`,
  );
  const updateImported = db.prepare("UPDATE account SET revision = ?, imported = ? WHERE id = ?");
  const updateMinimum = db.prepare("UPDATE account SET revision = ?, minimum = ? WHERE id = ?");
  const updateRevision = db.prepare("UPDATE account SET revision = ? WHERE id = ?");
  const certificates = makeCertificateStore(db);
  const anyAccount = db.prepare("SELECT id FROM account LIMIT 1");
  const updateDisabled = db.prepare("UPDATE account SET revision = ?, disabled = ? WHERE id = ?");
  const deleteAccount = db.prepare("DELETE FROM account WHERE id = ?");

  const revision = (): number => Number(nextRevision.get()?.["revision"]);

  const load = (row: number): StoredAccount | null => {
    const a: Row | undefined = accountRow.get(row);
    if (a === undefined) return null;
    const [primary, ...aliases] = addresses.all(row).map((r) => mailboxOf(String(r["text"])));
    if (primary === undefined) return null;
    const held = rights.of([primary, ...aliases].map(addressKey));
    return {
      account: {
        id: printMailbox(primary),
        primary,
        aliases,
        disabled: a["disabled"] !== 0,
        minimum: strengthOf(a),
        certificates: certificates.of(row),
        revision: Number(a["revision"]),
        ...(held === null ? {} : { rights: held }),
      },
      verifier: verifierOf(a),
      imported: importedOf(a),
    };
  };

  /** Row of the account whose primary address this is. */
  const primaryRow = (id: string): number | null => {
    const mailbox = parseMailbox(id);
    const found = mailbox === null ? undefined : byKey.get(addressKey(mailbox));
    return found === undefined || found["position"] !== 0 ? null : Number(found["account"]);
  };

  const change = (id: string, apply: (row: number) => void): boolean =>
    transaction(db, () => {
      const row = primaryRow(id);
      if (row === null) return false;
      apply(row);
      return true;
    });

  return {
    dataVersion: () => Number(dataVersion.get()?.["data_version"]),
    secret: () => octets(secret.get()?.["secret"]),
    usualIterations: () => {
      const row = usual.get();
      return row === undefined ? null : Number(row["iterations"]);
    },
    domains: () => domains.all().map((r) => String(r["domain"])),
    allDomains: () => new Set(allDomains.all().map((r) => String(r["domain"]))),
    byLogin: (name) => {
      if (name._tag === "Nobody") return null;
      const rows = name._tag === "Address" ? byKey.all(name.key) : byLocal.all(name.key);
      const [only] = rows;
      return only === undefined || rows.length > 1 ? null : load(Number(only["account"]));
    },
    rowOf: primaryRow,
    byPrimary: (id) => {
      const row = primaryRow(id);
      return row === null ? null : load(row);
    },
    byCertificate: (fingerprint) => {
      const row = certificates.owner(fingerprint);
      return row === null ? null : load(row);
    },
    decoy: () => {
      const row = anyAccount.get();
      if (row !== undefined) load(Number(row["id"]));
    },
    all: () => ids.all().flatMap((r) => load(Number(r["account"]))?.account ?? []),
    insert: (mailboxes, v) =>
      transaction(db, (): Inserted => {
        const own = new Set<string>();
        for (const m of mailboxes) {
          const key = addressKey(m);
          const taken = byKey.get(key);
          if (taken !== undefined || own.has(key)) {
            const by = taken === undefined ? undefined : load(Number(taken["account"]));
            const self = mailboxes[0] === undefined ? "" : printMailbox(mailboxes[0]);
            return { _tag: "Taken", address: printMailbox(m), by: by?.account.id ?? self };
          }
          own.add(key);
        }
        const { lastInsertRowid } = insertAccount.run(
          revision(),
          ...verifierValues(v),
        );
        mailboxes.forEach((m, position) => {
          insertAddress.run(addressKey(m), localKey(m), printMailbox(m), lastInsertRowid, position);
        });
        return { _tag: "Inserted" };
      }),
    setVerifier: (id, v) =>
      change(id, (row) => {
        updateVerifier.run(revision(), ...verifierValues(v), row);
      }),
    setMinimum: (id, minimum) =>
      change(id, (row) => {
        updateMinimum.run(revision(), minimum, row);
      }),
    setCertificates: (id, fingerprints) =>
      transaction(db, (): Certified => {
        const row = primaryRow(id);
        if (row === null) return { _tag: "Nobody" };
        const done = certificates.set(row, fingerprints);
        if (done._tag === "Taken") {
          return { _tag: "Taken", by: load(done.by)?.account.id ?? "another account" };
        }
        updateRevision.run(revision(), row);
        return { _tag: "Done" };
      }),
    upgrade: (id, known, v) => {
      const row = primaryRow(id);
      if (row !== null) upgradeVerifier.run(...verifierValues(v), row, known);
    },
    setImported: (id, hash) =>
      change(id, (row) => {
        updateImported.run(revision(), hash, row);
      }),
    setDisabled: (id, disabled) =>
      change(id, (row) => {
        updateDisabled.run(revision(), disabled ? 1 : 0, row);
      }),
    remove: (id) =>
      change(id, (row) => {
        revision();
        // the next owner of the address does not inherit its rights
        for (const { key } of keysOf.all(row)) rights.forget(String(key));
        deleteAccount.run(row);
      }),
  };
};

/** What is stored was parsed when it came in; a text that no longer parses is a damaged store. */
const mailboxOf = (text: string): Mailbox => {
  const mailbox = parseMailbox(text);
  if (mailbox === null) throw new Error("the store holds an address that is none");
  return mailbox;
};
