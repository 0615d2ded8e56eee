import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Duration, Effect, Redacted } from "effect";
import fc from "fast-check";
import { readForeign } from "../../../../lib/accounts/store/foreign_hash.ts";
import { accountsLayer } from "../../../../lib/accounts/sqlite.ts";
import { deriveKeys } from "../../../../lib/accounts/store/verifier.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";
import { Accounts } from "../../../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../../../lib/ports/accounts_admin.ts";
import { installed } from "../../../support/postern.ts";
import { run as runProgram } from "../../../support/program.ts";

const ALICE = "alice@example.net";
const PASSWORD = "pässword";

const run = <A, E>(work: Effect.Effect<A, E, Accounts | AccountsAdmin>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const primary = parseMailbox(ALICE);
      assert.ok(primary !== null);
      yield* AccountsAdmin.use((a) =>
        a.add({ primary, aliases: [], password: Redacted.make("another") })
      );
      return yield* work;
    }).pipe(
      Effect.provide(
        accountsLayer({ path: ":memory:", iterations: 4096, remember: Duration.minutes(5) }),
      ),
    ),
  );

const setHash = (hash: string) => AccountsAdmin.use((a) => a.setHash(ALICE, Redacted.make(hash)));

const tag = (password: string) =>
  Accounts.use((a) =>
    a.verify({
      mechanism: "PLAIN",
      authzid: "",
      authcid: ALICE,
      password: Redacted.make(password),
    })
  ).pipe(Effect.map((r) => r._tag));

const keys = (hash: "SHA-1" | "SHA-256") => Accounts.use((a) => a.keys(ALICE, hash));

/** From a hash of another server to our own keys. */
const upgrades = (hash: string) =>
  run(Effect.gen(function* () {
    yield* setHash(hash);
    assert.equal(yield* tag("another"), "Rejected", "what was there before counts no more");
    assert.equal(yield* tag("wrong"), "Rejected");
    assert.equal(yield* keys("SHA-256"), null, "a password has to be shown first");
    assert.equal(yield* keys("SHA-1"), null);
    assert.equal(yield* tag(PASSWORD), "Accepted");
    for (const kind of ["SHA-1", "SHA-256"] as const) {
      const made = yield* keys(kind);
      assert.ok(made !== null, "now there are keys");
      const again = yield* Effect.promise(() =>
        deriveKeys(PASSWORD, made.salt, made.iterations, kind)
      );
      assert.deepEqual(Buffer.from(made.storedKey), Buffer.from(again.storedKey));
    }
    assert.equal(yield* tag(PASSWORD), "Accepted");
    assert.equal(yield* tag("wrong"), "Rejected");
  }));

const crypt = (method: string): Promise<string> =>
  runProgram("python3", [
    "-W",
    "ignore",
    "-c",
    `import crypt; print(crypt.crypt(${
      JSON.stringify(PASSWORD)
    }, crypt.mksalt(crypt.METHOD_${method}${method === "BLOWFISH" ? ", rounds=32" : ""})))`,
  ], "").then((text) => text.trim());

for (const method of ["SHA512", "SHA256", "BLOWFISH"]) {
  Deno.test({
    name: `a hash by crypt(3) with ${method} counts until our keys are made: SASL-21`,
    ignore: !installed("python3"),
    fn: async () => await upgrades(await crypt(method)),
  });
}

Deno.test({
  name: "a hash may bear the name that another server has for it: SASL-21",
  ignore: !installed("python3"),
  fn: async () => await upgrades(`{SHA512-CRYPT}${await crypt("SHA512")}`),
});

for (
  const [scheme, hash, salt] of [
    ["SSHA", "sha1", "salt"],
    ["SSHA256", "sha256", "longer salt"],
    ["SSHA512", "sha512", "s"],
    ["SHA", "sha1", ""],
  ] as const
) {
  Deno.test(`{${scheme}} counts until our keys are made: SASL-21`, async () => {
    const digest = createHash(hash).update(PASSWORD + salt, "utf8").digest();
    await upgrades(`{${scheme}}${Buffer.concat([digest, Buffer.from(salt)]).toString("base64")}`);
  });
}

Deno.test({
  name: "keys of SCRAM-SHA-256 made by gsasl are taken as they are: SASL-21",
  ignore: !installed("gsasl"),
  fn: async () => {
    const made = await runProgram(
      "gsasl",
      ["--mkpasswd", "-m", "SCRAM-SHA-256", "-p", "pencil"],
      "",
    );
    await run(Effect.gen(function* () {
      yield* setHash(made);
      assert.equal((yield* keys("SHA-256"))?.iterations, 65_536);
      assert.equal(yield* keys("SHA-1"), null);
      assert.equal(yield* tag("wrong"), "Rejected");
      assert.equal(yield* tag("pencil"), "Accepted");
      assert.notEqual(yield* keys("SHA-1"), null);
    }));
  },
});

Deno.test("setHash() takes nothing that cannot be checked, or only at a great price", async () => {
  await run(Effect.gen(function* () {
    for (
      const bad of [
        "",
        "plain text",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$rounds=900000000$salt$" + "a".repeat(86),
        "$2b$31$" + "a".repeat(53),
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aaaa",
        "{SSHA}AAAA",
        "{SCRAM-SHA-256}1,AAAA,AAAA,AAAA",
      ]
    ) assert.equal((yield* Effect.flip(setHash(bad)))._tag, "BadPassword", bad);
    assert.equal(yield* tag("another"), "Accepted", "and nothing was changed");
    const nobody = yield* Effect.flip(
      AccountsAdmin.use((a) =>
        a.setHash("x@example.net", Redacted.make(`$2b$05$${"a".repeat(53)}`))
      ),
    );
    assert.equal(nobody._tag, "NoSuchAccount");
  }));
});

Deno.test("a new password ends an imported hash", async () => {
  await run(Effect.gen(function* () {
    yield* setHash(`$2b$05$${"a".repeat(53)}`);
    assert.equal(yield* tag("another"), "Rejected");
    yield* AccountsAdmin.use((a) => a.setPassword(ALICE, Redacted.make("fresh")));
    assert.equal(yield* tag("fresh"), "Accepted");
    assert.notEqual(yield* keys("SHA-1"), null);
  }));
});

Deno.test("readForeign() takes any text", () => {
  const near = fc.string({ unit: fc.constantFrom(..."{}$,=625bSHACRYPTab/"), maxLength: 40 });
  fc.assert(fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (text) => {
    readForeign(text);
  }));
});
