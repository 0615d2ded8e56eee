import assert from "node:assert/strict";
import { Effect, Redacted } from "effect";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import type { Issuer, TokenSource } from "../../../lib/oauth/issuer.ts";
import { tokensLayer } from "../../../lib/oauth/tokens.ts";
import { Tokens } from "../../../lib/ports/tokens.ts";
import { OauthIssuer } from "../../support/oauth_issuer.ts";

const NAME = { email: "alice@example.com", scope: "openid smtp" };
const HOUR = 3600;
const now = () => Math.floor(Date.now() / 1000);

const issuerOf = (op: OauthIssuer, source: TokenSource): Issuer => ({
  issuer: op.url,
  audience: ["postern", "mail"],
  source,
  algorithms: ["RS256", "ES256"],
  userClaim: "email",
  scope: "smtp",
  openidConfiguration: "",
});

const atUrl = (op: OauthIssuer): Issuer => issuerOf(op, { _tag: "KeyUrl", url: `${op.url}/jwks` });

const introspecting = (op: OauthIssuer): Issuer =>
  issuerOf(op, {
    _tag: "Introspection",
    url: `${op.url}/introspect`,
    clientId: op.client.id,
    secret: Redacted.make(op.client.secret),
  });

/** What becomes of each token, by one service that looks at them one after another. */
const verdicts = (issuers: ReadonlyArray<Issuer>, tokens: ReadonlyArray<string>) =>
  Effect.runPromise(
    Effect.forEach(tokens, (token) =>
      Tokens.use((t) => t.check(Redacted.make(token))).pipe(
        Effect.match({
          onSuccess: (r) => r._tag === "Valid" ? r.login : r._tag,
          onFailure: (e) => e._tag,
        }),
      )).pipe(Effect.provide(tokensLayer(issuers))),
  );

const verdict = async (issuers: ReadonlyArray<Issuer>, token: string) =>
  (await verdicts(issuers, [token]))[0];

const withIssuer = (name: string, body: (op: OauthIssuer) => Promise<void>) =>
  Deno.test(name, async () => {
    const op = await OauthIssuer.start({ audience: "postern" });
    try {
      await body(op);
    } finally {
      await op.stop();
    }
  });

withIssuer("tokens: claims decide, SASL-18, threats.md row 17", async (op) => {
  for (
    const [name, claims, want] of [
      ["all is well", NAME, "alice@example.com"],
      ["one of several audiences is ours", { ...NAME, aud: ["x", "mail"] }, "alice@example.com"],
      ["scp in place of scope", { email: "a@example.com", scp: ["smtp"] }, "a@example.com"],
      ["clocks differ by a few seconds", { ...NAME, exp: now() - 5 }, "alice@example.com"],
      ["it has expired", { ...NAME, exp: now() - HOUR }, "Invalid"],
      ["it is not valid yet", { ...NAME, nbf: now() + HOUR }, "Invalid"],
      ["it never expires", { ...NAME, exp: undefined }, "Invalid"],
      ["it is for somebody else", { ...NAME, aud: "other" }, "Invalid"],
      ["it is for nobody", { ...NAME, aud: undefined }, "Invalid"],
      ["another issuer", { ...NAME, iss: "https://evil.example/" }, "Invalid"],
      ["no issuer", { ...NAME, iss: undefined }, "Invalid"],
      ["the scope is missing", { ...NAME, scope: "openid smtpx" }, "Invalid"],
      ["there is no name in it", { scope: "smtp" }, "Invalid"],
      ["the name is not one", { scope: "smtp", email: ["alice@example.com"] }, "Invalid"],
      ["the name is not verified", { ...NAME, email_verified: false }, "Invalid"],
    ] as ReadonlyArray<[string, JWTPayload, string]>
  ) assert.equal(await verdict([atUrl(op)], await op.jwt(claims)), want, name);
});

withIssuer(
  "tokens: only the issuer's own keys and the listed algorithms count, threats.md row 17",
  async (op) => {
    const good = { iss: op.url, aud: "postern", exp: now() + HOUR, ...NAME };
    const stranger = await generateKeyPair("ES256");
    const rsa = await generateKeyPair("PS256");
    const jwks = await (await fetch(`${op.url}/jwks`)).text();
    const publicPem = new TextEncoder().encode(jwks);
    const evil = `${op.url}/evil`;
    const tokens: ReadonlyArray<readonly [string, string]> = [
      ["no signature", new UnsecuredJWT(good).encode()],
      [
        "a stranger's key under the known name",
        await new SignJWT(good).setProtectedHeader({ alg: "ES256", kid: "one" })
          .sign(stranger.privateKey),
      ],
      [
        "a stranger's key brought along",
        await new SignJWT(good).setProtectedHeader({
          alg: "ES256",
          jwk: await exportJWK(stranger.publicKey),
          jku: evil,
          x5u: evil,
          kid: "../../one",
        }).sign(stranger.privateKey),
      ],
      [
        "the public key used as a secret",
        await new SignJWT(good).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(publicPem),
      ],
      [
        "an algorithm that is not listed",
        await new SignJWT(good).setProtectedHeader({ alg: "PS256", kid: "one" }).sign(
          rsa.privateKey,
        ),
      ],
      ["a key that nobody has", await op.jwt(NAME, { kid: "two" })],
      ["not even a token", "abc"],
      ["", ""],
      ["a token cut short", (await op.jwt(NAME)).slice(0, -9)],
      [
        "claims changed",
        (await op.jwt(NAME)).replace(
          /\.[^.]+\./,
          `.${btoa(JSON.stringify({ ...good, email: "boss@example.com" })).replace(/=+$/, "")}.`,
        ),
      ],
    ];
    op.asked.length = 0;
    const got = await verdicts([atUrl(op)], tokens.map(([, token]) => token));
    assert.deepEqual(
      got.map((g, i) => `${tokens[i]?.[0]}: ${g}`),
      tokens.map(([n]) => `${n}: Invalid`),
    );
    // keys are fetched once, from where the configuration says, whatever a token says
    assert.deepEqual(op.asked, ["/jwks"]);
  },
);

withIssuer(
  "tokens: keys are cached, an issuer out of order is no wrong token, SASL-18",
  async (op) => {
    const token = await op.jwt(NAME);
    assert.deepEqual(await verdicts([atUrl(op)], [token, token, token]), Array(3).fill(NAME.email));
    assert.deepEqual(op.asked, ["/jwks"]);
    op.broken = true;
    assert.equal(await verdict([atUrl(op)], token), "TokensUnavailable");
  },
);

withIssuer("tokens: keys in a file are read again when it changes", async (op) => {
  const path = await Deno.makeTempFile();
  const issuer = issuerOf(op, { _tag: "KeyFile", path });
  try {
    await Deno.writeTextFile(path, '{"keys": []}');
    const token = Redacted.make(await op.jwt(NAME));
    const check = Tokens.use((t) => t.check(token));
    const jwks = await (await fetch(`${op.url}/jwks`)).text();
    const tags = await Effect.runPromise(
      Effect.gen(function* () {
        const before = yield* check;
        yield* Effect.promise(() => Deno.writeTextFile(path, jwks));
        const after = yield* check;
        yield* Effect.promise(() => Deno.remove(path));
        return [before._tag, after._tag, (yield* Effect.flip(check))._tag];
      }).pipe(Effect.provide(tokensLayer([issuer]))),
    );
    assert.deepEqual(tags, ["Invalid", "Valid", "TokensUnavailable"]);
  } finally {
    await Deno.remove(path).catch(() => {});
  }
});

withIssuer("tokens: introspection decides, RFC 7662 §2.2, SASL-18", async (op) => {
  const all = [introspecting(op)];
  const given = { ...NAME, aud: "postern" };
  for (
    const [name, token, want] of [
      ["active", op.opaque(given), "alice@example.com"],
      ["unknown", "opaque-nonsense", "Invalid"],
      ["of another issuer", op.opaque({ ...given, iss: "https://other.example" }), "Invalid"],
      ["for another audience", op.opaque({ ...given, aud: "other" }), "Invalid"],
      ["for no audience", op.opaque(NAME), "Invalid"],
      ["expired after all", op.opaque({ ...given, exp: now() - HOUR }), "Invalid"],
      ["not valid yet", op.opaque({ ...given, nbf: now() + HOUR }), "Invalid"],
      ["without the scope", op.opaque({ ...given, scope: "" }), "Invalid"],
    ] as const
  ) assert.equal(await verdict(all, token), want, name);
  op.broken = true;
  assert.equal(await verdict(all, op.opaque(given)), "TokensUnavailable");
});

withIssuer("tokens: one that names its issuer is shown to no other", async (op) => {
  const other = await OauthIssuer.start({ audience: "postern" });
  try {
    const all = [introspecting(op), atUrl(other)];
    assert.equal(await verdict(all, await other.jwt(NAME)), NAME.email);
    assert.equal(
      await verdict(all, await other.jwt({ ...NAME, iss: "https://x.example" })),
      "Invalid",
    );
    assert.deepEqual(op.asked, []);
    assert.equal(await verdict(all, op.opaque({ ...NAME, aud: "mail" })), NAME.email);
    assert.deepEqual(op.asked, ["/introspect"]);
  } finally {
    await other.stop();
  }
});

Deno.test("tokens: without an issuer none is good", async () => {
  assert.equal(await verdict([], "abc"), "Invalid");
});
