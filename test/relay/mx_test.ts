import assert from "node:assert/strict";
import type { MxAnswer } from "../../lib/ports/resolver.ts";
import type { NextHop } from "../../lib/ports/routes.ts";
import { STANDARD_CURVE } from "../../lib/relay/retry.ts";
import { SERVFAIL } from "../support/resolver_stub.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { withRelay } from "./harness.ts";

const exchangers = (...hosts: ReadonlyArray<string>): MxAnswer => ({
  _tag: "Exchangers",
  exchangers: hosts.map((host, i) => ({ preference: i * 10, host })),
  implicit: false,
});
const mx = (port: number, domain = "example.org"): NextHop => ({
  _tag: "Mx",
  domain,
  port,
  tls: "opportunistic",
});
const loopback = { _tag: "Addresses", addresses: ["127.0.0.1"] } as const;
/** Nothing listens there. */
const dead = { _tag: "Addresses", addresses: ["127.0.0.2"] } as const;

Deno.test("relay goes on to the next exchanger where one cannot be reached. HOP-04", async () => {
  const hop = await ScriptedHop.start();
  await withRelay({
    hop: mx(hop.port),
    mx: { "example.org": exchangers("dead.test", "live.test") },
    addresses: { "dead.test": dead, "live.test": loopback },
  }, async (relay) => {
    const id = await relay.send({ to: ["x@example.org"] });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.equal(
      (await relay.recipients(id))[0]?.lastRemote,
      "live.test [127.0.0.1] (in clear; policy: TLS if offered)",
    );
  });
  await hop.stop();
});

Deno.test("QUE-1: an exchanger that did not answer is not tried first by the next message, and each attempt says whom it met", async () => {
  const hop = await ScriptedHop.start();
  await withRelay({
    hop: mx(hop.port),
    mx: { "example.org": exchangers("dead.test", "live.test") },
    addresses: { "dead.test": dead, "live.test": loopback },
    settings: { messagesPerConnection: 1 },
  }, async (relay) => {
    const attempts = [];
    for (let i = 0; i < 3; i++) {
      const id = await relay.send({ to: ["x@example.org"] });
      assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
      attempts.push((await relay.recipients(id))[0]?.lastAttempt);
    }
    const [first, ...rest] = attempts;
    assert.deepEqual(first?.tried, [{
      host: "dead.test",
      address: "127.0.0.2",
      why: "Connection refused",
    }]);
    for (const a of [first, ...rest]) {
      assert.deepEqual([a?.host, a?.address, a?.tls, a?.policy], [
        "live.test",
        "127.0.0.1",
        "clear",
        "TLS if offered",
      ]);
      assert.ok((a?.ms ?? -1) >= 0);
    }
    assert.deepEqual(rest.map((a) => a?.tried), [undefined, undefined]);
  });
  await hop.stop();
});

Deno.test("QUE-1: where no exchanger answers all of them are tried all the same", async () => {
  await withRelay({
    hop: mx(9),
    mx: { "example.org": exchangers("dead.test", "gone.test") },
    addresses: { "dead.test": dead, "gone.test": { ...dead, addresses: ["127.0.0.4"] } },
    settings: { pauseMs: 1, retry: { ...STANDARD_CURVE, first: [], then: 50, jitter: 0 } },
  }, async (relay) => {
    const id = await relay.send({ to: ["x@example.org"] });
    await relay.settled(id, 3);
    const tried = (await relay.recipients(id))[0]?.lastAttempt?.tried ?? [];
    assert.deepEqual(tried.map((t) => t.host), ["dead.test", "gone.test"]);
  });
});

Deno.test("relay fails where every exchanger greets with 554. HOP-15", async () => {
  const hop = await ScriptedHop.start({ greeting: "554 5.7.1 never" });
  await withRelay({
    hop: mx(hop.port),
    mx: { "example.org": exchangers("a.test", "dead.test") },
    addresses: { "a.test": loopback, "dead.test": loopback },
  }, async (relay) => {
    const id = await relay.send({ to: ["x@example.org"], from: null });
    assert.deepEqual(await relay.settled(id), ["failed: 554 5.7.1 never"]);
    assert.equal(hop.told.length, 2);
  });
  await hop.stop();
});

const answers: ReadonlyArray<readonly [string, MxAnswer, string]> = [
  ["a null MX", { _tag: "NullMx" }, "failed: Recipient domain accepts no mail (null MX)"],
  ["NXDOMAIN", { _tag: "NoSuchDomain" }, "failed: Recipient domain does not exist"],
  [
    "trouble",
    SERVFAIL,
    "queued: DNS failed for the recipient domain (SERVFAIL)",
  ],
  [
    "ourselves alone",
    exchangers("msa.example.net"),
    "failed: Mail for the recipient domain loops back to this server",
  ],
];
for (const [name, answer, want] of answers) {
  Deno.test(`relay takes ${name} for "${want}"`, async () => {
    await withRelay({ hop: mx(25), mx: { "example.org": answer } }, async (relay) => {
      const id = await relay.send({ to: ["x@example.org"], from: null });
      assert.deepEqual(await relay.settled(id), [want]);
    });
  });
}
