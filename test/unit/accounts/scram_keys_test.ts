import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Duration, Effect, Redacted } from "effect";
import { accountsLayer } from "../../../lib/accounts/sqlite.ts";
import { parseMailbox } from "../../../lib/address/path.ts";
import { Accounts } from "../../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../../lib/ports/accounts_admin.ts";

const run = <A, E>(path: string, work: Effect.Effect<A, E, Accounts | AccountsAdmin>) =>
  Effect.runPromise(
    Effect.provide(
      work,
      accountsLayer({ path, iterations: 4096, remember: Duration.minutes(5) }),
    ),
  );

const add = (address: string) =>
  AccountsAdmin.use((a) => {
    const primary = parseMailbox(address);
    assert.ok(primary !== null);
    return a.add({ primary, aliases: [], password: Redacted.make("secret") });
  });

const keys = (name: string, hash: "SHA-1" | "SHA-256" = "SHA-256") =>
  Accounts.use((a) => a.keys(name, hash));

const salt = (name: string) =>
  Effect.map(keys(name), (k) => Buffer.from(k?.salt ?? []).toString("hex"));

const inFile = (name: string, body: (path: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(join(dir, "accounts.db"));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

inFile(
  "keys() pretends the same salt for the same unknown name, after a restart too: SASL-11",
  async (path) => {
    await run(path, add("alice@example.net"));
    const first = await run(path, salt("nobody@example.net"));
    assert.equal(first.length, 32);
    assert.equal(await run(path, salt("NoBody@EXAMPLE.net")), first);
    assert.notEqual(await run(path, salt("nobody@example.org")), first);
    const [real, fake] = await run(path, Effect.all([keys("alice"), keys("nobody")]));
    assert.equal(real?.iterations, fake?.iterations);
    assert.equal(real?.storedKey.length, fake?.storedKey.length);
    assert.deepEqual([real?.revision === null, fake?.revision], [false, null]);
  },
);

inFile(
  "keys() shows no difference between local parts of somebody and of nobody: threats.md row 13",
  async (path) => {
    await run(
      path,
      Effect.gen(function* () {
        yield* add("alice@example.net");
        yield* add("bob@example.net");
        for (const name of ["alice", "nobody"]) {
          assert.equal(yield* salt(name), yield* salt(`${name}@example.net`), name);
          assert.notEqual(yield* salt(name), yield* salt(`${name}@example.org`), name);
        }
        // where two accounts have it, it is still the salt of one of them, and good for nothing
        yield* add("alice@example.org");
        const both = [yield* salt("alice@example.net"), yield* salt("alice@example.org")];
        assert.ok(both.includes(yield* salt("alice")));
        assert.equal((yield* keys("alice"))?.revision, null);
      }),
    );
  },
);

inFile(
  "an account from before SHA-1 keys gets them at its next PLAIN login: AUTH-10",
  async (path) => {
    await run(path, add("alice@example.net"));
    const db = new DatabaseSync(path);
    db.exec("UPDATE account SET sha1_stored_key = NULL, sha1_server_key = NULL");
    db.close();
    const login = (password: string, mechanism = "PLAIN") =>
      Accounts.use((a) =>
        a.verify({
          mechanism,
          authzid: "",
          authcid: "alice@example.net",
          password: Redacted.make(password),
        })
      );
    await run(
      path,
      Effect.gen(function* () {
        assert.equal(yield* keys("alice", "SHA-1"), null);
        assert.notEqual(yield* keys("alice", "SHA-256"), null);
        assert.equal((yield* login("wrong"))._tag, "Rejected");
        assert.equal(yield* keys("alice", "SHA-1"), null);
        assert.equal((yield* login("secret", "LOGIN"))._tag, "Accepted");
        const made = yield* keys("alice", "SHA-1");
        assert.equal(made?.storedKey.length, 20);
        assert.equal((yield* login("secret"))._tag, "Accepted", "it is the same account still");
      }),
    );
  },
);

/** The tables as the first version made them. */
const FIRST = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, secret BLOB NOT NULL) STRICT;
CREATE TABLE account (id INTEGER PRIMARY KEY, disabled INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL,
  salt BLOB NOT NULL, iterations INTEGER NOT NULL, stored_key BLOB NOT NULL, server_key BLOB NOT NULL) STRICT;
CREATE TABLE address (key TEXT PRIMARY KEY, local_key TEXT NOT NULL, text TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, position INTEGER NOT NULL,
  UNIQUE (account, position)) STRICT, WITHOUT ROWID;
CREATE INDEX address_local ON address (local_key);
INSERT INTO meta VALUES (1, 7, x'${"ab".repeat(32)}');
INSERT INTO account VALUES (1, 0, 7, x'${"01".repeat(16)}', 4096, x'${"02".repeat(32)}', x'${
  "03".repeat(32)
}');
INSERT INTO address VALUES ('old@example.net', 'old', 'old@example.net', 1, 0);
PRAGMA application_id = ${0x50737441};
PRAGMA user_version = 1;`;

inFile("a file of the first version is brought up to date, and its accounts stay", async (path) => {
  const db = new DatabaseSync(path);
  db.exec(FIRST);
  db.close();
  await run(
    path,
    Effect.gen(function* () {
      const [account] = yield* AccountsAdmin.use((a) => a.list);
      assert.deepEqual(
        [account?.id, account?.revision, account?.minimum, account?.certificates],
        ["old@example.net", 7, "plain", []],
      );
      assert.equal(yield* keys("old", "SHA-1"), null);
      assert.equal((yield* keys("old"))?.storedKey[0], 2);
      yield* AccountsAdmin.use((a) => a.setPassword("old@example.net", Redacted.make("new")));
      assert.notEqual(yield* keys("old", "SHA-1"), null);
    }),
  );
});
