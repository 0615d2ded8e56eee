/** The client's own login at the next hop: on a connection of its own, under verified TLS or not at all. */
import assert from "node:assert/strict";
import { Redacted } from "effect";
import type { NextHop, TlsLevel } from "../../lib/ports/routes.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { type Running, smtpHop, until, withRelay } from "./harness.ts";

const x = ["x@example.org"];
const login = (username: string, password = `${username}'s own`) => ({
  username,
  password: Redacted.make(password),
});
const auth = (username: string) => `AUTH PLAIN ${btoa(`\0${username}\0${username}'s own`)}`;

const test = (
  name: string,
  o: {
    readonly tls: TlsLevel;
    readonly trusted?: boolean;
    readonly script?: Script;
    /** In place of the host alone. */
    readonly hop?: (port: number) => NextHop;
  },
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
): void =>
  Deno.test(`forward_login ${name}`, async () => {
    const made = await makeSelfSigned(["localhost"], Date.now());
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, made.certificatePem);
    const hop = await ScriptedHop.start({
      tls: { key: made.keyPem, cert: made.certificatePem },
      keywords: ["AUTH PLAIN", "PIPELINING"],
      ...o.script,
    });
    try {
      await withRelay({
        hop: o.hop?.(hop.port) ?? smtpHop(hop.port, { host: "localhost", tls: o.tls }),
        settings: {
          access: () => ({ credentials: null, ca: o.trusted === false ? null : ca }),
          connectionsPerHop: 2,
          pauseMs: 60_000,
        },
      }, (relay) => body(hop, relay));
    } finally {
      await hop.stop();
      await Deno.remove(ca);
    }
  });

test("signs in as each client on a connection of its own, and closes it", {
  tls: "required",
}, async (hop, relay) => {
  for (const who of ["alice", "bob", "alice"]) {
    assert.equal((await relay.pass({ to: x, login: login(who) }))._tag, "Taken");
  }
  await until(() => hop.told.every((t) => t.commands.at(-1) === "QUIT"));
  const signedIn = hop.told.map((t) => t.commands.filter((c) => c.startsWith("AUTH")));
  assert.deepEqual(signedIn, [[auth("alice")], [auth("bob")], [auth("alice")]]);
  assert.ok(hop.told.every((t) => t.messages.length === 1 && t.tls));
});

test("keeps to the connections of the hop, whoever signs in", {
  tls: "required",
}, async (hop, relay) => {
  let open = 0;
  const all = Array.from({ length: 12 }, (_, i) => {
    const who = `u${i}`;
    return relay.pass({ to: x, login: login(who) }).then((h) => {
      open = Math.max(open, hop.told.filter((t) => t.commands.at(-1) !== "QUIT").length);
      return h._tag;
    });
  });
  assert.deepEqual(await Promise.all(all), Array(12).fill("Taken"));
  assert.equal(new Set(hop.commands.filter((c) => c.startsWith("AUTH"))).size, 12);
  assert.ok(open <= 3, `${open} at once`); // two, and one that says goodbye
});

test("shares no connection with what has no login", { tls: "required" }, async (hop, relay) => {
  assert.equal((await relay.pass({ to: x }))._tag, "Taken");
  assert.equal((await relay.pass({ to: x, login: login("alice") }))._tag, "Taken");
  assert.equal((await relay.pass({ to: x }))._tag, "Taken");
  const of = hop.told.map((t) => [t.commands.some((c) => c.startsWith("AUTH")), t.messages.length]);
  assert.deepEqual(of, [[false, 2], [true, 1]]);
});

for (const tls of ["none", "opportunistic", "encrypt", "required"] as const) {
  test(`sends no password to who cannot prove the name, tls = ${tls}`, {
    tls,
    trusted: false,
  }, async (hop, relay) => {
    const h = await relay.pass({ to: x, login: login("alice") });
    assert.notEqual(h._tag, "Taken");
    assert.deepEqual(hop.commands.filter((c) => /^(AUTH|MAIL)/.test(c)), []);
  });
}

test("says nothing of the password, whatever comes of it", {
  tls: "required",
  script: { on: (c) => c.startsWith("AUTH") ? `535 5.7.8 no` : undefined },
}, async (_hop, relay) => {
  assert.ok(!JSON.stringify(await relay.pass({ to: x, login: login("alice") })).includes("own"));
});

/** Dead hosts beside the one that answers. */
const beside = (...order: ReadonlyArray<"dead" | "alive">) => (port: number): NextHop => ({
  _tag: "Several",
  hops: order.map((which) => ({
    _tag: "Smtp",
    host: "localhost",
    port: which === "dead" ? 9 : port,
    implicitTls: false,
    tls: "required",
    login: null,
  })),
  weights: null,
});

for (
  const [where, hop] of [
    ["alone", undefined],
    ["before a dead one", beside("alive", "dead")],
    ["behind a dead one", beside("dead", "alive")],
  ] as const
) {
  const more = hop === undefined ? {} : { hop };
  test(`tells of a login that is refused by a host ${where}, and tries those of others`, {
    tls: "required",
    script: { on: (c) => c === auth("mallory") ? "535 5.7.8 bad password" : undefined },
    ...more,
  }, async (_hop, relay) => {
    const h = await relay.pass({ to: x, login: login("mallory") });
    assert.equal(h._tag, "LoginRefused");
    assert.equal("reply" in h ? h.reply.text : "", "535 5.7.8 bad password");
    assert.equal((await relay.pass({ to: x, login: login("alice") }))._tag, "Taken");
  });

  for (const [what, answer] of [["hangs up", "cut"], ["says nothing more", null]] as const) {
    test(`blames neither login nor hop where a host ${where} ${what} at AUTH`, {
      tls: "required",
      script: { on: (c) => c === auth("mallory") ? answer : undefined },
      ...more,
    }, async (_hop, relay) => {
      const h = await relay.pass({ to: x, login: login("mallory") });
      assert.equal(h._tag, "Unreachable");
      assert.equal("reply" in h ? h.reply.status : "", "4.4.2");
      assert.equal((await relay.pass({ to: x, login: login("alice") }))._tag, "Taken");
    });
  }
}

Deno.test("forward_login leaves alone what is sent from here, for which nobody has signed in", async () => {
  const hop = await ScriptedHop.start();
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      passThrough: { login: true, spool: false },
    }, async (relay) => {
      const [told = ""] = await relay.settled(await relay.send({ to: x, from: null }));
      assert.match(told, /^queued: The route signs in as the client/);
      assert.deepEqual(hop.told, []);
    });
  } finally {
    await hop.stop();
  }
});
