import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duration, Effect, Redacted } from "effect";
import { accountsLayer } from "../../../../lib/accounts/sqlite.ts";
import type { Mailbox } from "../../../../lib/address/mailbox.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";
import { AccountsAdmin } from "../../../../lib/ports/accounts_admin.ts";
import { Correspondents } from "../../../../lib/ports/correspondents.ts";

const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  assert.ok(m !== null, text);
  return m;
};

const HOUR = 3_600_000;
const ALICE = "alice@example.net";
const BOB = "bob@example.net";

const it = (
  name: string,
  body: () => Effect.Effect<void, unknown, Correspondents | AccountsAdmin>,
) =>
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    const path = `${dir}/accounts.db`;
    try {
      await Effect.runPromise(
        Effect.gen(function* () {
          for (const who of [ALICE, BOB]) {
            yield* AccountsAdmin.use((a) =>
              a.add({ primary: mailbox(who), aliases: [], password: Redacted.make("secret") })
            );
          }
          yield* body();
        }).pipe(
          Effect.provide(accountsLayer({ path, iterations: 4096, remember: Duration.zero })),
        ),
      );
      for (const entry of Deno.readDirSync(dir)) {
        const text = Buffer.from(Deno.readFileSync(`${dir}/${entry.name}`)).toString("latin1");
        assert.ok(!text.includes("friend"), "whom somebody writes to stands nowhere");
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

const admit = (account: string, hours: number, ...to: ReadonlyArray<string>) =>
  Correspondents.use((c) => c.admit(account, to.map(mailbox), 2, hours * HOUR));

it("admit() takes so many new recipients in a day, known ones always: SMTP-19", () =>
  Effect.gen(function* () {
    assert.equal(yield* admit(ALICE, 0, "friend1@example.org"), true);
    assert.equal(yield* admit(ALICE, 1, "friend2@example.org", "Friend1@EXAMPLE.org"), true);
    assert.equal(yield* admit(ALICE, 2, "friend3@example.org"), false);
    assert.equal(yield* admit(ALICE, 2, "friend2@example.org", "friend1@example.org"), true);
    // the day moves on with the clock, and what was refused was not noted
    assert.equal(yield* admit(ALICE, 24, "friend3@example.org"), true);
    assert.equal(yield* admit(ALICE, 24.5, "friend4@example.org"), false);
    assert.equal(yield* admit(ALICE, 25, "friend4@example.org"), true);
  }));

it("admit() takes a message whole or not at all, each account by itself", () =>
  Effect.gen(function* () {
    const three = [1, 2, 3].map((n) => `friend${n}@example.org`);
    assert.equal(yield* admit(ALICE, 0, ...three), false);
    assert.equal(yield* admit(ALICE, 0, ...three.slice(0, 2), ...three.slice(0, 2)), true);
    assert.equal(yield* admit(ALICE, 1, "friend9@example.org"), false);
    assert.equal(yield* admit(BOB, 1, "friend9@example.org"), true);
    assert.equal(yield* admit("nobody@example.net", 1, "friend9@example.org"), false);
  }));
