import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Duration, Effect, Redacted } from "effect";
import { TestClock } from "effect/testing";
import { accountsLayer, type AccountsOptions } from "../../../lib/accounts/sqlite.ts";
import { parseMailbox } from "../../../lib/address/path.ts";
import { Accounts } from "../../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../../lib/ports/accounts_admin.ts";

const options = (path: string): AccountsOptions => ({
  path,
  iterations: 4096,
  remember: Duration.minutes(5),
});

const inDirectory = (name: string, body: (dir: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

const run = <A, E>(o: AccountsOptions, work: Effect.Effect<A, E, Accounts | AccountsAdmin>) =>
  Effect.runPromise(Effect.provide(work, accountsLayer(o)));

const add = (address: string, password = "secret") =>
  AccountsAdmin.use((a) => {
    const primary = parseMailbox(address);
    assert.ok(primary !== null);
    return a.add({ primary, aliases: [], password: Redacted.make(password) });
  });

const tag = (authcid: string, password: string) =>
  Accounts.use((a) =>
    a.verify({ mechanism: "PLAIN", authzid: "", authcid, password: Redacted.make(password) })
  ).pipe(Effect.map((r) => r._tag));

/** How many hashes a piece of work costs: PBKDF2 is counted where it enters WebCrypto. */
const counting = async (work: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const rounds: Array<number> = [];
  const { subtle } = crypto;
  const real = subtle.deriveBits.bind(subtle);
  subtle.deriveBits = (algorithm, key, length) => {
    if (typeof algorithm === "object" && "iterations" in algorithm) {
      rounds.push(Number(algorithm.iterations));
    }
    return real(algorithm, key, length);
  };
  try {
    await work();
  } finally {
    subtle.deriveBits = real;
  }
  return rounds;
};

inDirectory("accountsLayer() makes the file and its directory for the owner alone", async (dir) => {
  const path = join(dir, "new", "accounts.db");
  await run(options(path), add("alice@example.net"));
  const file = await Deno.stat(path);
  const parent = await Deno.stat(join(dir, "new"));
  assert.equal((file.mode ?? 0) & 0o777, 0o600);
  assert.equal((parent.mode ?? 0) & 0o777, 0o700);
});

inDirectory(
  "accountsLayer() keeps accounts, and neither password nor plain key of one",
  async (dir) => {
    const path = join(dir, "accounts.db");
    await run(options(path), add("alice@example.net", "correct horse"));
    assert.equal(await run(options(path), tag("alice@example.net", "correct horse")), "Accepted");
    for (const entry of Deno.readDirSync(dir)) {
      const text = Buffer.from(Deno.readFileSync(join(dir, entry.name))).toString("latin1");
      assert.ok(!text.includes("correct horse"), entry.name);
    }
  },
);

inDirectory("verify() notices what another process changes", async (dir) => {
  const path = join(dir, "accounts.db");
  const other = <A, E>(work: Effect.Effect<A, E, Accounts | AccountsAdmin>) =>
    Effect.promise(() => run(options(path), work));
  await run(
    options(path),
    Effect.gen(function* () {
      yield* add("alice@example.net");
      assert.equal(yield* tag("alice@example.net", "secret"), "Accepted");
      assert.equal((yield* Accounts.use((a) => a.find("alice@example.net")))?.disabled, false);
      yield* other(AccountsAdmin.use((a) => a.setDisabled("alice@example.net", true)));
      assert.equal(yield* tag("alice@example.net", "secret"), "Disabled");
      assert.equal((yield* Accounts.use((a) => a.find("alice@example.net")))?.disabled, true);
      yield* other(
        AccountsAdmin.use((a) => a.setPassword("alice@example.net", Redacted.make("other"))),
      );
      assert.equal(yield* tag("alice@example.net", "secret"), "Rejected");
      assert.equal(yield* tag("alice@example.net", "other"), "Disabled");
      yield* other(AccountsAdmin.use((a) => a.remove("alice@example.net")));
      assert.equal(yield* tag("alice@example.net", "other"), "Rejected");
      assert.equal(yield* Accounts.use((a) => a.find("alice@example.net")), null);
      yield* other(add("bob@example.net"));
      assert.equal(yield* tag("bob@example.net", "secret"), "Accepted");
    }),
  );
});

Deno.test("verify() hashes once, and again when the login is forgotten or wrong", async () => {
  const o = options(":memory:");
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* add("alice@example.net");
      const cost = (password: string) =>
        Effect.gen(function* () {
          const context = yield* Effect.context<Accounts>();
          const rounds = yield* Effect.promise(() =>
            counting(() =>
              Effect.runPromise(Effect.provide(tag("alice@example.net", password), context))
            )
          );
          return rounds.length;
        });
      assert.equal(yield* cost("secret"), 1);
      assert.equal(yield* cost("secret"), 0);
      assert.equal(yield* cost("wrong"), 1);
      assert.equal(yield* cost("wrong"), 1);
      assert.equal(yield* cost("secret"), 0);
      yield* TestClock.adjust("5 minutes");
      assert.equal(yield* cost("secret"), 1);
    }).pipe(Effect.provide(accountsLayer(o)), Effect.provide(TestClock.layer())),
  );
});

Deno.test("verify() costs the same for every name: the rounds that most accounts have", async () => {
  const o = options(":memory:");
  await run(
    { ...o, iterations: 5000 },
    Effect.gen(function* () {
      const context = yield* Effect.context<Accounts>();
      const cost = (who: string) =>
        Effect.promise(() =>
          counting(() => Effect.runPromise(Effect.provide(tag(who, "wrong"), context)))
        );
      assert.deepEqual(yield* cost("nobody@example.net"), [5000]);
      const { id } = yield* add("alice@example.net");
      for (const who of [id, "nobody@example.net", "nobody", "", "@", "a@b@c", "\u0007"]) {
        assert.deepEqual(yield* cost(who), [5000], JSON.stringify(who));
      }
      yield* AccountsAdmin.use((a) => a.setDisabled(id, true));
      assert.deepEqual(yield* cost(id), [5000]);
    }),
  );
});

Deno.test("verify() answers many equal logins at once with one hash", async () => {
  await run(
    options(":memory:"),
    Effect.gen(function* () {
      yield* add("alice@example.net");
      const context = yield* Effect.context<Accounts>();
      const rounds = yield* Effect.promise(() =>
        counting(() =>
          Effect.runPromise(
            Effect.all(
              Array.from({ length: 1000 }, () => tag("alice@example.net", "secret")),
              { concurrency: "unbounded" },
            ).pipe(
              Effect.map((tags) => assert.deepEqual([...new Set(tags)], ["Accepted"])),
              Effect.provide(context),
            ),
          )
        )
      );
      assert.equal(rounds.length, 1);
    }),
  );
});

Deno.test("verify() fails as unavailable, not as rejected, when too many logins wait", async () => {
  await run(
    options(":memory:"),
    Effect.gen(function* () {
      const tries = Array.from(
        { length: 400 },
        (_, i) => Effect.result(tag("alice@example.net", `${i}`)),
      );
      const results = yield* Effect.all(tries, { concurrency: "unbounded" });
      const failures = results.flatMap((r) => r._tag === "Failure" ? [r.failure._tag] : []);
      assert.equal(failures.length, 400 - 258);
      assert.deepEqual([...new Set(failures)], ["AccountsUnavailable"]);
    }),
  );
});

inDirectory(
  "accountsLayer() refuses a newer store, a foreign file and a file that is no store",
  async (dir) => {
    const newer = join(dir, "newer.db");
    await run(options(newer), add("alice@example.net"));
    const db = new DatabaseSync(newer);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const foreign = join(dir, "foreign.db");
    const other = new DatabaseSync(foreign);
    other.exec("CREATE TABLE t (x)");
    other.close();
    const junk = join(dir, "junk.db");
    await Deno.writeTextFile(
      junk,
      "this is no database, and longer than a header would be".repeat(9),
    );
    for (
      const [path, why] of [[newer, /newer version/], [foreign, /another kind/], [
        junk,
        /not a database/,
      ]] as const
    ) {
      const e = await Effect.runPromise(
        Effect.flip(Effect.provide(Effect.void, accountsLayer(options(path)))),
      );
      assert.equal(e._tag, "AccountsUnavailable");
      assert.match(String(e.cause), why);
    }
    assert.match(await Deno.readTextFile(junk), /^this is no database/);
  },
);

inDirectory("accountsLayer() opened for looking makes no file and checks logins", async (dir) => {
  const path = join(dir, "accounts.db");
  const looking = { ...options(path), readOnly: true };
  const e = await Effect.runPromise(
    Effect.flip(Effect.provide(Effect.void, accountsLayer(looking))),
  );
  assert.equal(e._tag, "AccountsUnavailable");
  assert.deepEqual([...Deno.readDirSync(dir)], []);
  await run(options(path), add("alice@example.net"));
  assert.equal(await run(looking, tag("alice@example.net", "secret")), "Accepted");
  const refused = await Effect.runPromise(
    Effect.flip(Effect.provide(add("bob@example.net"), accountsLayer(looking))),
  );
  assert.equal(refused._tag, "AccountsUnavailable");
});
