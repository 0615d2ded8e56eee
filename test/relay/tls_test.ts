import assert from "node:assert/strict";
import { Redacted } from "effect";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import type { NextHop, TlsLevel } from "../../lib/ports/routes.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { type Running, smtpHop, withRelay } from "./harness.ts";

const x = ["x@example.org"];
const credentials = { username: "relay", password: Redacted.make("secret") };

interface Case {
  readonly tls: TlsLevel;
  readonly implicitTls?: boolean;
  readonly login?: boolean;
  /** Name in the certificate; the hop is reached as `localhost`. */
  readonly certified?: string;
  readonly script?: Script;
  /** The relay knows the certificate as an authority. */
  readonly trusted?: boolean;
}

const test = (
  name: string,
  c: Case,
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
): void =>
  Deno.test(`relay ${name}`, async () => {
    const made = await makeSelfSigned([c.certified ?? "localhost"], Date.now());
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, made.certificatePem);
    const hop = await ScriptedHop.start({
      tls: { key: made.keyPem, cert: made.certificatePem },
      implicitTls: c.implicitTls ?? false,
      ...c.script,
    });
    const to: NextHop = smtpHop(hop.port, {
      host: "localhost",
      tls: c.tls,
      implicitTls: c.implicitTls ?? false,
      login: c.login === true ? "relay" : null,
    });
    const access = {
      credentials: c.login === true ? credentials : null,
      ca: c.trusted === false ? null : ca,
    };
    try {
      await withRelay({ hop: to, settings: { access: () => access } }, (r) => body(hop, r));
    } finally {
      await hop.stop();
      await Deno.remove(ca);
    }
  });

/** Sends one message and gives the result. */
const result = async (relay: Running): Promise<string | undefined> =>
  (await relay.settled(await relay.send({ to: x })))[0];

/** Nothing of the message or the login has left. */
const nothingSent = (hop: ScriptedHop): void => {
  assert.deepEqual(hop.commands.filter((c) => /^(MAIL|AUTH|RCPT|DATA)/.test(c)), []);
};

test("delivers under verified TLS by STARTTLS", { tls: "required" }, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.tls), [true]);
  assert.equal(hop.commands.filter((c) => c.startsWith("EHLO")).length, 2);
});

test("delivers under implicit TLS", { tls: "required", implicitTls: true }, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.tls), [true]);
});

test("HOP-17: signs in under verified TLS and says AUTH=<>", {
  tls: "required",
  login: true,
  script: { keywords: ["AUTH PLAIN"] },
}, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.ok(hop.commands.includes(`AUTH PLAIN ${btoa("\0relay\0secret")}`));
  assert.match(hop.messages[0]?.from ?? "", /AUTH=<>$/);
});

const refusals: ReadonlyArray<readonly [string, Case, RegExp]> = [
  [
    "on a certificate for another name, STLS-7",
    { tls: "required", certified: "other.test" },
    /not trusted/,
  ],
  ["on a certificate that nobody vouches for", { tls: "required", trusted: false }, /not trusted/],
  [
    "on a wrong certificate under implicit TLS",
    { tls: "required", implicitTls: true, certified: "other.test" },
    /not trusted/,
  ],
  [
    "with a login on a wrong certificate, although TLS is only wished for",
    {
      tls: "opportunistic",
      login: true,
      certified: "other.test",
      script: { keywords: ["AUTH PLAIN"] },
    },
    /not trusted/,
  ],
  [
    "where STARTTLS was stripped",
    { tls: "required", script: { on: (c) => c.startsWith("EHLO") ? "250 hop.test" : undefined } },
    /offers no STARTTLS/,
  ],
  [
    "where octets stand behind the 220, STLS-4",
    { tls: "required", script: { injected: "\r\n250 injected" } },
    /in clear behind/,
  ],
  [
    "where octets stand behind the 220, even if TLS is only wished for",
    { tls: "opportunistic", script: { injected: "\r\n250 injected" } },
    /in clear behind/,
  ],
  [
    "unverified where STARTTLS was stripped and TLS must be",
    { tls: "encrypt", script: { on: (c) => c.startsWith("EHLO") ? "250 hop.test" : undefined } },
    /offers no STARTTLS/,
  ],
  [
    "in clear where the handshake breaks and TLS must be",
    { tls: "encrypt", script: { brokenTls: "no TLS\r\n" } },
    /TLS: /,
  ],
  ["where the handshake breaks", { tls: "required", script: { brokenTls: "no TLS\r\n" } }, /TLS: /],
];
for (const [name, c, want] of refusals) {
  test(`sends nothing ${name}. HOP-17, HOP-20`, c, async (hop, relay) => {
    const r = await result(relay);
    assert.match(r ?? "", /^queued: /);
    assert.match(r ?? "", want);
    nothingSent(hop);
  });
}

test("takes any certificate where TLS is only wished for", {
  tls: "opportunistic",
  certified: "other.test",
  trusted: false,
}, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.tls), [true]);
});

test("tries once more in clear where a wished-for handshake fails. HOP-20", {
  tls: "opportunistic",
  script: { brokenTls: "no TLS\r\n" },
}, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.messages.length), [0, 1]);
});

test("defers with 4.7.8 where the login is refused. HOP-17", {
  tls: "required",
  login: true,
  script: {
    keywords: ["AUTH PLAIN"],
    on: (c) => c.startsWith("AUTH") ? "535 5.7.8 wrong" : undefined,
  },
}, async (hop, relay) => {
  assert.equal(await result(relay), "queued: 535 5.7.8 wrong");
  assert.deepEqual(hop.messages, []);
});

test("takes any certificate where TLS must be, trusted or not. HOP-20", {
  tls: "encrypt",
  certified: "other.test",
  trusted: false,
}, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.tls), [true]);
});

test("uses no TLS where none is asked for", { tls: "none" }, async (hop, relay) => {
  assert.equal(await result(relay), "delivered: 250 2.0.0 kept");
  assert.deepEqual(hop.told.map((t) => t.tls), [false]);
});

Deno.test("relay shares no connection between routes of different TLS levels", async () => {
  const made = await makeSelfSigned(["localhost"], Date.now());
  const hop = await ScriptedHop.start({
    tls: { key: made.keyPem, cert: made.certificatePem },
  });
  const at = (tls: TlsLevel) => smtpHop(hop.port, { host: "localhost", tls });
  const byAddress = (a: string) => at(a.startsWith("safe") ? "required" : "none");
  try {
    await withRelay({ hop: byAddress }, async (relay) => {
      await relay.settled(await relay.send({ to: ["x@example.org"] }));
      const [r] = await relay.settled(await relay.send({ to: ["safe@example.org"] }));
      assert.match(r ?? "", /^queued: .*not trusted/);
      assert.deepEqual(hop.messages.map((m) => m.to), [["<x@example.org>"]]);
    });
  } finally {
    await hop.stop();
  }
});
