import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Duration, Effect, Redacted } from "effect";
import { accountsLayer } from "../../../../lib/accounts/sqlite.ts";
import { ensureFirstRun, FIRST_CONFIG } from "../../../../lib/cli/start/first_run.ts";
import { checkConfig } from "../../../../lib/config/read/check.ts";
import { Accounts } from "../../../../lib/ports/accounts.ts";

const inDirectory = (name: string, body: (dir: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const parent = await Deno.makeTempDir();
    try {
      await body(join(parent, "data"));
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });

const ensure = (dir: string) => Effect.runPromise(ensureFirstRun(dir));

const signIn = (dir: string, authcid: string, password: Redacted.Redacted<string> | null) => {
  assert.ok(password !== null);
  const layer = accountsLayer({
    path: join(dir, "demo-accounts.db"),
    iterations: 100_000,
    remember: Duration.zero,
  });
  return Effect.runPromise(
    Accounts.use((a) => a.verify({ mechanism: "PLAIN", authzid: "", authcid, password })).pipe(
      Effect.map((r) => r._tag),
      Effect.provide(layer),
    ),
  );
};

const modes = (dir: string) =>
  Object.fromEntries(
    [...Deno.readDirSync(dir)].map((e) => [
      e.name,
      ((Deno.statSync(join(dir, e.name)).mode ?? 0) & 0o777).toString(8),
    ]),
  );

inDirectory(
  "ensureFirstRun() makes all that a server needs, secrets for the owner alone",
  async (dir) => {
    const made = await ensure(dir);
    assert.equal(made.fresh, true);
    assert.equal(await signIn(dir, made.account, made.password), "Accepted");
    assert.equal(((await Deno.stat(dir)).mode ?? 0) & 0o777, 0o700);
    assert.deepEqual(modes(dir), {
      "demo-accounts.db": "600",
      "cert.pem": "644",
      "key.pem": "600",
      "password": "600",
      "postern.toml": "644",
    });
    const report = await Effect.runPromise(checkConfig(made.config));
    assert.deepEqual(report.warnings, []);
    assert.equal(report.config.routes[0]?.hop._tag, "Maildir");
    const { spool, accounts, records } = report.config;
    for (const { path } of [spool, accounts, records]) assert.equal(dirname(path ?? ""), dir);
  },
);

inDirectory("ensureFirstRun() changes nothing the second time", async (dir) => {
  const first = await ensure(dir);
  const key = await Deno.readTextFile(join(dir, "key.pem"));
  await Deno.writeTextFile(first.config, `${FIRST_CONFIG}# mine\n`);
  const second = await ensure(dir);
  assert.equal(second.fresh, false);
  assert.equal(await Deno.readTextFile(join(dir, "key.pem")), key);
  assert.match(await Deno.readTextFile(first.config), /# mine\n$/);
  assert.equal(await signIn(dir, second.account, second.password), "Accepted");
});

inDirectory("ensureFirstRun() no longer knows the password once its file is gone", async (dir) => {
  await ensure(dir);
  await Deno.remove(join(dir, "password"));
  assert.equal((await ensure(dir)).password, null);
});

inDirectory("ensureFirstRun() goes on where a former one was cut off", async (dir) => {
  const first = await ensure(dir);
  await Deno.remove(first.config);
  const again = await ensure(dir);
  assert.equal(again.fresh, true);
  assert.equal(await signIn(dir, again.account, again.password), "Accepted");
  await Deno.remove(first.config);
  await Deno.remove(join(dir, "password"));
  const third = await ensure(dir);
  assert.equal(await signIn(dir, third.account, third.password), "Accepted");
});

inDirectory("ensureFirstRun() says which path it cannot make", async (dir) => {
  await Deno.writeTextFile(dir, "a file in the way");
  const e = await Effect.runPromise(Effect.flip(ensureFirstRun(dir)));
  assert.equal(e.exitCode, 1);
  assert.match(e.message, new RegExp(`^${dir}`));
});
