/** What every store behind `Accounts` and `AccountsAdmin` does. Run on each Layer there is. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Effect, type Layer, Redacted } from "effect";
import { type Mailbox, printMailbox } from "../../lib/address/mailbox.ts";
import { deriveKeys } from "../../lib/accounts/store/verifier.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import { Accounts } from "../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../lib/ports/accounts_admin.ts";

const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  assert.ok(m !== null, text);
  return m;
};

const verify = (authcid: string, password: string, authzid = "") =>
  Accounts.use((a) =>
    a.verify({ mechanism: "PLAIN", authzid, authcid, password: Redacted.make(password) })
  );

const tag = (authcid: string, password: string, authzid = "") =>
  Effect.map(verify(authcid, password, authzid), (r) => r._tag);

const add = (primary: string, password: string, ...aliases: ReadonlyArray<string>) =>
  AccountsAdmin.use((a) =>
    a.add({
      primary: mailbox(primary),
      aliases: aliases.map(mailbox),
      password: Redacted.make(password),
    })
  );

const alice = add("alice@example.net", "secret", "a.smith@example.net", "Alice@other.example");

/** What becomes of somebody who has this password and says so by SCRAM. */
const proven = Effect.fnUntraced(function* (
  authcid: string,
  password: string,
  hash: "SHA-1" | "SHA-256",
) {
  const accounts = yield* Accounts;
  const keys = yield* accounts.keys(authcid, hash);
  assert.ok(keys !== null);
  const made = yield* Effect.promise(() => deriveKeys(password, keys.salt, keys.iterations, hash));
  const right = Buffer.from(made.storedKey).equals(keys.storedKey);
  if (!right || keys.revision === null) return "Rejected";
  const who = { mechanism: `SCRAM-${hash}`, authzid: "", authcid, revision: keys.revision };
  return (yield* accounts.identify(who))._tag;
});

type Body = Effect.Effect<void, unknown, Accounts | AccountsAdmin>;

/** `layer` makes a fresh, empty store each time it is built. */
export const accountsSuite = <E>(
  name: string,
  layer: () => Layer.Layer<Accounts | AccountsAdmin, E>,
): void => {
  const it = (title: string, body: () => Body) =>
    Deno.test(
      `${name}: ${title}`,
      () => Effect.runPromise(Effect.provide(body(), layer())),
    );

  it("verify() accepts every address of the account, and a local part that one account has", () =>
    Effect.gen(function* () {
      yield* alice;
      for (
        const who of ["alice@example.net", "a.smith@example.net", "alice@OTHER.example", "a.smith"]
      ) {
        const r = yield* verify(who, "secret");
        assert.equal(r._tag, "Accepted", who);
        if (r._tag === "Accepted") assert.equal(r.account.id, "alice@example.net");
      }
      assert.equal(yield* tag("ALICE@example.net", "secret"), "Accepted");
    }));

  it("verify() takes a local part of two addresses of one account, not one of two accounts", () =>
    Effect.gen(function* () {
      yield* alice;
      assert.equal(yield* tag("alice", "secret"), "Accepted");
      yield* add("alice@third.example", "other");
      assert.equal(yield* tag("alice", "secret"), "Rejected");
      assert.equal(yield* tag("alice", "other"), "Rejected");
    }));

  it("verify() rejects a wrong password, an unknown name and what no name can be", () =>
    Effect.gen(function* () {
      yield* alice;
      for (
        const [who, password] of [
          ["alice@example.net", "Secret"],
          ["alice@example.net", ""],
          ["alice@example.net", "secret "],
          ["bob@example.net", "secret"],
          ["", "secret"],
          ["@", "secret"],
          ["alice@", "secret"],
          ["alice@example.net@example.net", "secret"],
          ["\u00ad", "secret"],
          ["alice@example.net\u0007", "secret"],
          ["alice@example.net' OR '1'='1", "secret"],
        ] as const
      ) assert.equal(yield* tag(who, password), "Rejected", JSON.stringify([who, password]));
    }));

  it("verify() lets nobody act for another account. RFC 4616 §2", () =>
    Effect.gen(function* () {
      yield* alice;
      yield* add("bob@example.net", "hidden");
      const who = "alice@example.net";
      assert.equal(yield* tag(who, "secret", who), "Accepted");
      assert.equal(yield* tag(who, "secret", "a.smith@example.net"), "Accepted");
      assert.equal(yield* tag(who, "secret", "bob@example.net"), "Rejected");
      assert.equal(yield* tag(who, "secret", "nobody@example.net"), "Rejected");
      assert.equal(yield* tag(who, "wrong", who), "Rejected");
      // the same again, now that the login may be remembered
      assert.equal(yield* tag(who, "secret", "bob@example.net"), "Rejected");
    }));

  it("verify() prepares passwords as they were prepared at set-up. RFC 4013", () =>
    Effect.gen(function* () {
      yield* add("u@example.net", "p\u00e4ss\u00a0w\u00adord");
      assert.equal(yield* tag("u@example.net", "p\u00e4ss word"), "Accepted");
      assert.equal(yield* tag("u@example.net", "pa\u0308ss word"), "Accepted");
      assert.equal(yield* tag("u@example.net", "pass word"), "Rejected");
    }));

  it("verify() finds a domain in A-labels and in U-labels", () =>
    Effect.gen(function* () {
      yield* add("u@b\u00fccher.example", "secret");
      assert.equal(yield* tag("u@xn--bcher-kva.example", "secret"), "Accepted");
      assert.equal(yield* tag("u@B\u00dcCHER.example".toLowerCase(), "secret"), "Accepted");
    }));

  it("setDisabled() is told only after the right password, and can be taken back", () =>
    Effect.gen(function* () {
      const { id, revision } = yield* alice;
      assert.equal(yield* tag(id, "secret"), "Accepted");
      const off = yield* AccountsAdmin.use((a) => a.setDisabled(id, true));
      assert.equal(off.disabled, true);
      assert.notEqual(off.revision, revision);
      assert.equal(yield* tag(id, "secret"), "Disabled");
      assert.equal(yield* tag(id, "wrong"), "Rejected");
      assert.equal((yield* Accounts.use((a) => a.find(id)))?.disabled, true);
      yield* AccountsAdmin.use((a) => a.setDisabled(id, false));
      assert.equal(yield* tag(id, "secret"), "Accepted");
    }));

  it("setPassword() ends the old password at once", () =>
    Effect.gen(function* () {
      const { id } = yield* alice;
      assert.equal(yield* tag(id, "secret"), "Accepted");
      yield* AccountsAdmin.use((a) => a.setPassword(id, Redacted.make("fresh")));
      assert.equal(yield* tag(id, "secret"), "Rejected");
      assert.equal(yield* tag(id, "fresh"), "Accepted");
    }));

  it("remove() ends the account at once and frees its addresses", () =>
    Effect.gen(function* () {
      const { id, revision } = yield* alice;
      assert.equal(yield* tag(id, "secret"), "Accepted");
      yield* AccountsAdmin.use((a) => a.remove(id));
      assert.equal(yield* tag(id, "secret"), "Rejected");
      assert.equal(yield* Accounts.use((a) => a.find(id)), null);
      const again = yield* add("a.smith@example.net", "secret");
      assert.notEqual(again.revision, revision);
      assert.deepEqual(
        (yield* AccountsAdmin.use((a) => a.list)).map((a) => a.id),
        ["a.smith@example.net"],
      );
    }));

  it("add() refuses an address that anyone has, in any spelling, and then keeps nothing", () =>
    Effect.gen(function* () {
      yield* alice;
      for (
        const [primary, alias] of [
          ["ALICE@Example.NET", "new@example.net"],
          ["new@example.net", "A.Smith@example.net"],
          ['"alice"@example.net', "new@example.net"],
        ] as const
      ) {
        const e = yield* Effect.flip(add(primary, "secret", alias));
        assert.equal(e._tag, "AddressTaken");
        if (e._tag === "AddressTaken") assert.equal(e.by, "alice@example.net");
      }
      assert.equal((yield* AccountsAdmin.use((a) => a.list)).length, 1);
      assert.equal(yield* tag("new@example.net", "secret"), "Rejected");
    }));

  it("add() and setPassword() refuse a password that cannot be prepared", () =>
    Effect.gen(function* () {
      const { id } = yield* alice;
      for (const bad of ["", "\u00ad", "a\u0007b", "\ud800"]) {
        assert.equal((yield* Effect.flip(add("x@example.net", bad)))._tag, "BadPassword");
        const e = yield* Effect.flip(
          AccountsAdmin.use((a) => a.setPassword(id, Redacted.make(bad))),
        );
        assert.equal(e._tag, "BadPassword");
      }
      assert.equal(yield* tag(id, "secret"), "Accepted");
    }));

  it("setPassword(), setDisabled() and remove() say when there is no such account", () =>
    Effect.gen(function* () {
      yield* alice;
      for (const id of ["bob@example.net", "a.smith@example.net", "nothing"]) {
        for (
          const action of [
            AccountsAdmin.use((a) => Effect.asVoid(a.setPassword(id, Redacted.make("p")))),
            AccountsAdmin.use((a) => Effect.asVoid(a.setDisabled(id, true))),
            AccountsAdmin.use((a) => a.remove(id)),
          ]
        ) assert.equal((yield* Effect.flip(action))._tag, "NoSuchAccount", id);
      }
    }));

  it("find() gives the account by its primary address only", () =>
    Effect.gen(function* () {
      const made = yield* alice;
      const found = yield* Accounts.use((a) => a.find("alice@example.net"));
      assert.deepEqual(found, made);
      assert.deepEqual(
        found?.aliases.map(printMailbox),
        ["a.smith@example.net", "Alice@other.example"],
      );
      assert.equal(yield* Accounts.use((a) => a.find("a.smith@example.net")), null);
      assert.equal(yield* Accounts.use((a) => a.find("nobody@example.net")), null);
    }));

  it("hasDomain() knows the domains of all addresses, and what changed", () =>
    Effect.gen(function* () {
      const accounts = yield* Accounts;
      assert.equal(yield* accounts.hasDomain("example.net"), false);
      yield* alice;
      yield* add("bob@b\u00fccher.example", "secret");
      assert.equal(yield* accounts.hasDomain("example.net"), true);
      assert.equal(yield* accounts.hasDomain("other.example"), true); // an alias
      assert.equal(yield* accounts.hasDomain("xn--bcher-kva.example"), true);
      assert.equal(yield* accounts.hasDomain("ample.net"), false);
      yield* AccountsAdmin.use((a) => a.remove("alice@example.net"));
      assert.equal(yield* accounts.hasDomain("example.net"), false);
    }));

  it("keys() and identify() let in who proves the keys, by any name of the account: SASL-08, SASL-09", () =>
    Effect.gen(function* () {
      yield* alice;
      for (const hash of ["SHA-1", "SHA-256"] as const) {
        for (const who of ["alice@example.net", "a.smith"]) {
          assert.deepEqual(yield* proven(who, "secret", hash), "Accepted");
          assert.deepEqual(yield* proven(who, "wrong", hash), "Rejected");
        }
        assert.deepEqual(yield* proven("bob@example.net", "secret", hash), "Rejected");
      }
    }));

  it("keys() prepares names, identify() knows when the keys have changed: SASL-20, AUTH-18", () =>
    Effect.gen(function* () {
      yield* alice;
      assert.equal(yield* proven("al\u00adice@example.net", "secret", "SHA-256"), "Accepted");
      assert.equal(yield* proven("\u0007", "secret", "SHA-256"), "Rejected");
      const keys = yield* Accounts.use((a) => a.keys("alice", "SHA-256"));
      yield* AccountsAdmin.use((a) => a.setPassword("alice@example.net", Redacted.make("new")));
      const stale = keys?.revision ?? undefined;
      assert.ok(stale !== undefined);
      const who = { mechanism: "SCRAM-SHA-256", authzid: "", authcid: "alice" };
      const result = yield* Accounts.use((a) => a.identify({ ...who, revision: stale }));
      assert.equal(result._tag, "Rejected");
      assert.equal((yield* Accounts.use((a) => a.identify(who)))._tag, "Accepted");
    }));

  it("identify() lets nobody act for another, nor in when disabled: SASL-02", () =>
    Effect.gen(function* () {
      const { id } = yield* alice;
      yield* add("bob@example.net", "hidden");
      const tagOf = (authcid: string, authzid: string) =>
        Accounts.use((a) => a.identify({ mechanism: "EXTERNAL", authzid, authcid })).pipe(
          Effect.map((r) => r._tag),
        );
      assert.equal(yield* tagOf(id, ""), "Accepted");
      assert.equal(yield* tagOf(id, "a.smith@example.net"), "Accepted");
      assert.equal(yield* tagOf(id, "bob@example.net"), "Rejected");
      assert.equal(yield* tagOf("nobody@example.net", ""), "Rejected");
      yield* AccountsAdmin.use((a) => a.setDisabled(id, true));
      assert.equal(yield* tagOf(id, ""), "Disabled");
      assert.equal(yield* tagOf(id, "bob@example.net"), "Rejected");
    }));

  it("setMinimum() is told only after the right password: AUTH-10, SASL-21", () =>
    Effect.gen(function* () {
      const { id } = yield* alice;
      const set = yield* AccountsAdmin.use((a) => a.setMinimum(id, "scram-sha-256"));
      assert.equal(set.minimum, "scram-sha-256");
      assert.equal(yield* tag(id, "secret"), "TooWeak");
      assert.equal(yield* tag(id, "secret"), "TooWeak", "nor when it is remembered");
      assert.equal(yield* tag(id, "wrong"), "Rejected");
      assert.equal(yield* proven(id, "secret", "SHA-1"), "TooWeak");
      assert.equal(yield* proven(id, "wrong", "SHA-1"), "Rejected");
      assert.equal(yield* proven(id, "secret", "SHA-256"), "Accepted");
      yield* AccountsAdmin.use((a) => a.setMinimum(id, "plain"));
      assert.equal(yield* tag(id, "secret"), "Accepted");
    }));

  it("certified() finds the account by fingerprint, else by address: SASL-19", () =>
    Effect.gen(function* () {
      const { id } = yield* alice;
      yield* add("bob@example.net", "hidden");
      const ownerOf = (fingerprint: string, ...addresses: ReadonlyArray<string>) =>
        Accounts.use((a) => a.certified({ fingerprint, addresses })).pipe(
          Effect.map((a) => a?.id ?? null),
        );
      const [f, g] = ["f0".repeat(32), "90".repeat(32)];
      assert.equal(yield* ownerOf(f), null);
      assert.equal(yield* ownerOf(f, "nobody@example.net"), null);
      assert.equal(yield* ownerOf(f, "A.Smith@example.net"), id);
      assert.equal(yield* ownerOf(f, "nobody@example.net", id), id);
      assert.equal(yield* ownerOf(f, id, "bob@example.net"), null, "it stands for two");
      assert.equal(yield* ownerOf(f, "alice"), null, "a local part is no address");
      const set = yield* AccountsAdmin.use((a) => a.setCertificates("bob@example.net", [f, f]));
      assert.deepEqual(set.certificates, [f]);
      assert.equal(yield* ownerOf(f, id), "bob@example.net", "what was set counts");
      const taken = yield* Effect.flip(AccountsAdmin.use((a) => a.setCertificates(id, [g, f])));
      assert.equal(taken._tag, "CertificateTaken");
      assert.equal(yield* ownerOf(g), null, "and then nothing was set");
      yield* AccountsAdmin.use((a) => a.setCertificates("bob@example.net", [f, g]));
      yield* AccountsAdmin.use((a) => a.setCertificates("bob@example.net", []));
      assert.equal(yield* ownerOf(f), null);
      const nobody = yield* Effect.flip(AccountsAdmin.use((a) => a.setCertificates("x@y.z", [g])));
      assert.equal(nobody._tag, "NoSuchAccount");
    }));

  it("list gives all accounts in the order of their addresses", () =>
    Effect.gen(function* () {
      for (const who of ["c@example.net", "a@example.net", "b@example.net"]) yield* add(who, "p");
      assert.deepEqual(
        (yield* AccountsAdmin.use((a) => a.list)).map((a) => a.id),
        ["a@example.net", "b@example.net", "c@example.net"],
      );
    }));
};
