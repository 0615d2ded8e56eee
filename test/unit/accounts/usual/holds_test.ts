import assert from "node:assert/strict";
import { Duration, Effect, Layer, Redacted } from "effect";
import { accountsLayer } from "../../../../lib/accounts/sqlite.ts";
import { AccountsAdmin } from "../../../../lib/ports/accounts_admin.ts";
import { type HoldQuestion, Holds, type HoldSettings } from "../../../../lib/ports/holds.ts";
import { holdsLayer } from "../../../../lib/accounts/usual/holds.ts";
import { mailbox, NOW, session } from "../../../support/submissions.ts";

const OFF: HoldSettings = {
  grace: { ms: 0, accounts: new Map(), notify: true },
  burst: null,
  unusual: { address: false, name: false, withinMs: 86_400_000 },
  lastsMs: 60_000,
  then: "expire",
  notify: true,
};

interface Try {
  readonly to?: ReadonlyArray<string>;
  readonly at?: number;
  readonly from?: string;
  readonly helo?: string;
}

/** Rules that hold each of the messages, one after the other. */
const judged = (o: Partial<HoldSettings>, tries: ReadonlyArray<Try>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const account = yield* AccountsAdmin.use((a) =>
        a.add({
          primary: mailbox("alice@example.net"),
          aliases: [],
          password: Redacted.make("correct horse battery"),
        })
      );
      const holds = yield* Holds;
      if (holds === null) return [];
      const out: Array<string> = [];
      for (const { to = ["bob@example.org"], at = 0, from, helo } of tries) {
        const q: HoldQuestion = {
          account,
          session: {
            ...session,
            clientAddress: from ?? session.clientAddress,
            helo: helo ?? session.helo,
          },
          recipients: to.map(mailbox),
          at: NOW + at,
        };
        const found = yield* holds.consider(q);
        yield* holds.note(q, new Set(found.map((f) => f.rule)));
        out.push(found.map((f) => f.rule).join(" "));
      }
      return out;
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          holdsLayer({ ...OFF, ...o }),
          accountsLayer({ path: ":memory:", iterations: 4096, remember: Duration.zero }),
        ),
      ),
    ),
  );

const many = (n: number, name: string) =>
  Array.from({ length: n }, (_, i) => `${name}${i}@example.org`);
const HOUR = 3_600_000;

Deno.test("holds: nothing is held where no rule is set", async () => {
  assert.deepEqual(await judged({}, [{ to: many(99, "r") }]), []);
});

Deno.test("holds: grace holds every message, of accounts that differ as long as they say", async () => {
  const grace = { ms: 10_000, accounts: new Map<string, number>(), notify: true };
  assert.deepEqual(await judged({ grace }, [{}, {}]), ["hold.grace", "hold.grace"]);
  const own = { ...grace, accounts: new Map([["alice@example.net", 0]]) };
  assert.deepEqual(await judged({ grace: own, burst: { recipients: 9, withinMs: HOUR } }, [{}]), [
    "",
  ]);
});

Deno.test("holds: a burst of first-time recipients, but neither old acquaintances nor a calm pace", async () => {
  assert.deepEqual(
    await judged({ burst: { recipients: 3, withinMs: HOUR } }, [
      { to: many(2, "a") },
      { to: many(2, "b") }, // 4 within the hour
      { to: many(2, "b") }, // what was held did not make them known
      { to: many(2, "a") },
      { to: many(1, "c") }, // the third
      { to: many(2, "b"), at: 2 * HOUR },
    ]),
    ["", "hold.burst", "hold.burst", "", "", ""],
  );
});

Deno.test("holds: a client from elsewhere or with another name, once the account has a history", async () => {
  const unusual = { address: true, name: true, withinMs: 24 * HOUR };
  assert.deepEqual(
    await judged({ unusual }, [
      {},
      { from: "192.0.2.99" }, // the same /24
      { from: "203.0.113.1" },
      { from: "203.0.113.1" }, // still unusual: it was held
      { helo: "bot" },
      { from: "203.0.113.1", at: 48 * HOUR }, // nothing is remembered any more
      { from: "203.0.113.2", at: 49 * HOUR },
    ]),
    ["", "", "hold.client", "hold.client", "hold.client", "", ""],
  );
  const names = { address: false, name: true, withinMs: 24 * HOUR };
  assert.deepEqual(
    await judged({ unusual: names }, [
      { helo: "[192.0.2.7]" },
      { helo: "[203.0.113.9]", from: "203.0.113.9" }, // address literals are one name
      { helo: "laptop" },
    ]),
    ["", "", "hold.client"],
  );
});
