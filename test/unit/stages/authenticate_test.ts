import assert from "node:assert/strict";
import { Effect, Exit, Layer, Redacted } from "effect";
import type { Claim, Login } from "../../../lib/envelope/login.ts";
import { Accounts, AccountsUnavailable, type LoginResult } from "../../../lib/ports/accounts.ts";
import { Tokens, TokensUnavailable } from "../../../lib/ports/tokens.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { checkLogin } from "../../../lib/stages/authenticate.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import { alice, head, received, refusedFor, world } from "../../support/submissions.ts";

const given = { head: head("From: alice@example.net") };
const login: Login = {
  mechanism: "PLAIN",
  authzid: "",
  authcid: "alice",
  password: Redacted.make("x"),
};

const answering = (answer: Effect.Effect<LoginResult, AccountsUnavailable>) =>
  Layer.merge(
    Layer.succeed(Accounts, {
      verify: () => answer,
      identify: () => answer,
      keys: () => Effect.succeed(null),
      certified: () => Effect.succeed(null),
      find: () => Effect.succeed(null),
      hasDomain: () => Effect.succeed(false),
    }),
    Layer.succeed(Tokens, {
      check: (token) => {
        switch (Redacted.value(token)) {
          case "good":
            return Effect.succeed({ _tag: "Valid" as const, login: "alice" });
          case "down":
            return Effect.fail(new TokensUnavailable({ cause: "down" }));
          default:
            return Effect.succeed({ _tag: "Invalid" as const, reason: "bad" });
        }
      },
    }),
  );

const replyTo = (
  answer: Effect.Effect<LoginResult, AccountsUnavailable>,
  claim: Claim = { _tag: "Password", login },
) =>
  Effect.runPromise(
    checkLogin(claim).pipe(
      Effect.match({
        onSuccess: ({ account }) => account.id,
        onFailure: (e) => summary(e.reply).split(" ").slice(0, 2).join(" "),
      }),
      Effect.provide(answering(answer)),
    ),
  );

for (
  const [name, answer, want] of [
    [
      "an account for right credentials",
      Effect.succeed({ _tag: "Accepted", account: alice }),
      "alice@example.net",
    ],
    ["535 for wrong ones", Effect.succeed({ _tag: "Rejected" }), "535 5.7.8"],
    ["534 for a mechanism that is too weak", Effect.succeed({ _tag: "TooWeak" }), "534 5.7.9"],
    ["525 for a disabled account", Effect.succeed({ _tag: "Disabled" }), "525 5.7.13"],
    [
      "525 where the account that comes back is disabled",
      Effect.succeed({ _tag: "Accepted", account: { ...alice, disabled: true } }),
      "525 5.7.13",
    ],
    [
      "454 where the store is out of reach",
      Effect.fail(new AccountsUnavailable({ cause: "down" })),
      "454 4.7.0",
    ],
  ] as ReadonlyArray<[string, Effect.Effect<LoginResult, AccountsUnavailable>, string]>
) {
  Deno.test(`checkLogin() gives ${name}`, async () => {
    assert.equal(await replyTo(answer), want);
  });
}

const yes = Effect.succeed<LoginResult>({ _tag: "Accepted", account: alice });
const proof = { mechanism: "SCRAM-SHA-256", authzid: "", authcid: "alice", valid: true };
const bearer = (token: string): Claim => ({
  _tag: "Token",
  bearer: { mechanism: "XOAUTH2", authzid: "alice", token: Redacted.make(token) },
});

for (
  const [name, claim, want] of [
    ["takes a proof", { _tag: "Proof", proof: { ...proof, revision: 1 } }, "alice@example.net"],
    ["asks nobody about a proof that is wrong", {
      _tag: "Proof",
      proof: { ...proof, valid: false, revision: 1 },
    }, "535 5.7.8"],
    ["asks nobody about a proof for nobody", {
      _tag: "Proof",
      proof: { ...proof, revision: null },
    }, "535 5.7.8"],
    ["takes a token that its issuer stands by", bearer("good"), "alice@example.net"],
    ["refuses one that does not hold", bearer("bad"), "535 5.7.8"],
    ["answers 454 where the issuer is out of reach, SASL-18", bearer("down"), "454 4.7.0"],
    ["takes a certificate", {
      _tag: "Certificate",
      certificate: { mechanism: "EXTERNAL", authzid: "", account: "alice@example.net" },
    }, "alice@example.net"],
  ] as ReadonlyArray<[string, Claim, string]>
) {
  Deno.test(`checkLogin() ${name}`, async () => {
    assert.equal(await replyTo(yes, claim), want);
  });
}

Deno.test("authenticate() refuses what nobody signed in for", async () => {
  assert.equal(await refusedFor({ ...given, login: null }), "530 5.7.0 MSA-4.3");
});

Deno.test("authenticate() refuses an account that is gone since", async () => {
  assert.equal(await refusedFor(given, { accounts: [] }), "550 5.7.1 account.gone");
});

Deno.test("authenticate() refuses an account that is disabled since", async () => {
  const accounts = [{ ...alice, disabled: true }];
  assert.equal(await refusedFor(given, { accounts }), "550 5.7.1 account.disabled");
});

Deno.test("authenticate() passes a fault of the store on as a fault", async () => {
  const run = pipeline(received(given)).pipe(
    Effect.catchTag("Refusal", () => Effect.die("refused")),
    Effect.flip,
    Effect.provide(world({ accounts: "unavailable" })),
  );
  const exit = await Effect.runPromiseExit(run);
  assert.ok(Exit.isSuccess(exit));
  assert.equal(exit.value._tag, "AccountsUnavailable");
});
