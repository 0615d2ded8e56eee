import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Duration, Effect, Redacted } from "effect";
import { accountsLayer, type AccountsOptions } from "../../../lib/accounts/sqlite.ts";
import { type Grant, parsePrincipal, type Principal } from "../../../lib/address/grant.ts";
import { type AddressPattern, parsePattern, printPattern } from "../../../lib/address/pattern.ts";
import { Accounts } from "../../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../../lib/ports/accounts_admin.ts";
import { RightsAdmin } from "../../../lib/ports/rights_admin.ts";
import { mailbox } from "../../support/submissions.ts";

const options: AccountsOptions = {
  path: ":memory:",
  iterations: 4096,
  remember: Duration.minutes(5),
};

const pattern = (text: string): AddressPattern => {
  const p = parsePattern(text);
  assert.ok(p !== null);
  return p;
};
const principal = (text: string): Principal => {
  const p = parsePrincipal(text);
  assert.ok(p !== null);
  return p;
};
const grant = (who: string, address: string, more: Partial<Grant> = {}): Grant => ({
  principal: principal(who),
  address: pattern(address),
  mode: "as",
  credential: null,
  recipients: null,
  until: null,
  ...more,
});

const add = (address: string) =>
  AccountsAdmin.use((a) =>
    a.add({ primary: mailbox(address), aliases: [], password: Redacted.make("secret") })
  );

const rightsOf = (id: string) =>
  Accounts.use((a) => a.find(id)).pipe(Effect.map((found) => found?.rights ?? null));

const it = (
  name: string,
  body: () => Effect.Effect<void, unknown, Accounts | AccountsAdmin | RightsAdmin>,
  more: Partial<AccountsOptions> = {},
) =>
  Deno.test(
    name,
    () => Effect.runPromise(Effect.provide(body(), accountsLayer({ ...options, ...more }))),
  );

it("RightsAdmin.grant() gives an account what it keeps, and revoke() takes it back", () =>
  Effect.gen(function* () {
    yield* add("alice@example.net");
    const r = yield* RightsAdmin;
    assert.equal(yield* rightsOf("alice@example.net"), null);
    const full = grant("Alice@EXAMPLE.net", "sales+*@example.net", {
      mode: "on-behalf",
      credential: "phone",
      recipients: [pattern("*@customer.example"), pattern("x@y.example")],
      until: 1_800_000_000_000,
    });
    assert.equal(yield* r.grant(full), true);
    const stored = { ...full, principal: principal("alice@example.net") };
    assert.deepEqual((yield* rightsOf("alice@example.net"))?.grants, [stored]);
    assert.deepEqual(yield* r.grants, [stored]);
    assert.equal(yield* r.revoke(full.principal, pattern("sales@example.net")), false);
    assert.equal(yield* r.revoke(full.principal, full.address), true);
    assert.equal(yield* rightsOf("alice@example.net"), null);
  }));

it("RightsAdmin.join() lets an account hold what its groups hold, groups of groups among them", () =>
  Effect.gen(function* () {
    yield* add("alice@example.net");
    const r = yield* RightsAdmin;
    yield* r.join("sales", principal("alice@example.net"));
    yield* r.join("staff", principal("group:sales"));
    yield* r.join("sales", principal("group:staff")); // a ring does no harm
    yield* r.grant(grant("group:staff", "office@example.net"));
    yield* r.permit({
      principal: principal("group:sales"),
      name: "several-domains",
      address: null,
    });
    const held = yield* rightsOf("alice@example.net");
    assert.deepEqual(held?.groups, ["sales", "staff"]);
    assert.deepEqual(held?.grants.map((g) => printPattern(g.address)), ["office@example.net"]);
    assert.deepEqual(held?.permissions.map((p) => p.name), ["several-domains"]);
    assert.deepEqual((yield* r.groups).map((g) => [g.name, g.members.length]), [
      ["sales", 2],
      ["staff", 1],
    ]);
    assert.equal(yield* r.leave("sales", principal("alice@example.net")), true);
    assert.equal(yield* rightsOf("alice@example.net"), null);
  }));

it("AccountsAdmin.remove() takes the rights with it: whoever gets the address next has none", () =>
  Effect.gen(function* () {
    const { id } = yield* add("alice@example.net");
    const r = yield* RightsAdmin;
    yield* r.grant(grant(id, "boss@example.net"));
    yield* r.join("sales", principal(id));
    yield* AccountsAdmin.use((a) => a.remove(id));
    yield* add("alice@example.net");
    assert.equal(yield* rightsOf(id), null);
    assert.deepEqual(yield* r.grants, []);
  }));

it(
  "accountsLayer() counts groups of the configuration like its own",
  () =>
    Effect.gen(function* () {
      yield* add("alice@example.net");
      const r = yield* RightsAdmin;
      yield* r.grant(grant("group:filed", "office@example.net"));
      const held = yield* rightsOf("alice@example.net");
      assert.deepEqual(held?.groups, ["filed"]);
      assert.equal(held?.grants.length, 1);
    }),
  { groups: [{ name: "filed", members: [principal("alice@example.net")] }] },
);

it("RightsAdmin.permit() and forbid() change a limit", () =>
  Effect.gen(function* () {
    yield* add("alice@example.net");
    const r = yield* RightsAdmin;
    const limit = {
      principal: principal("alice@example.net"),
      name: "send-to",
      address: pattern("*@example.net"),
    } as const;
    assert.equal(yield* r.permit(limit), true);
    assert.equal(yield* r.permit(limit), false);
    assert.deepEqual(yield* r.permissions, [limit]);
    assert.equal(yield* r.forbid(limit), true);
    assert.deepEqual(yield* r.permissions, []);
  }));

Deno.test("openDatabase() brings a store of an older version up to date and keeps its accounts", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const path = join(dir, "accounts.db");
    const at = accountsLayer({ ...options, path });
    await Effect.runPromise(Effect.provide(add("alice@example.net"), at));
    const db = new DatabaseSync(path);
    db.exec(
      "DROP TABLE sender_grant; DROP TABLE group_member; DROP TABLE permission; DROP TABLE client",
    );
    db.exec("PRAGMA user_version = 2");
    db.close();
    const looking = Effect.provide(
      Effect.void,
      accountsLayer({ ...options, path, readOnly: true }),
    );
    assert.match(String((await Effect.runPromise(Effect.flip(looking))).cause), /older version/);
    const found = await Effect.runPromise(
      Effect.provide(
        Effect.andThen(
          RightsAdmin.use((r) => r.grant(grant("alice@example.net", "b@example.net"))),
          rightsOf("alice@example.net"),
        ),
        at,
      ),
    );
    assert.equal(found?.grants.length, 1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
