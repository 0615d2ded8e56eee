/** Several next hops in one route, hosts by SRV, and ways that lead back to us. */
import assert from "node:assert/strict";
import type { DnsAnswer, Srv } from "../../lib/ports/dns.ts";
import { inTurn } from "../../lib/relay/hosts/hosts.ts";
import type { NextHop, SeveralHop, SeveralMember } from "../../lib/ports/routes.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { installed } from "../support/postern.ts";
import { SERVFAIL } from "../support/resolver_stub.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { makeAuthority, makeServer } from "../support/test_ca.ts";
import { smtpHop, withRelay } from "./harness.ts";

const x = ["x@example.org"];
const dead = smtpHop(9, { host: "127.0.0.2" }) as SeveralMember;
const several = (
  weights: ReadonlyArray<number> | null,
  ...hops: ReadonlyArray<NextHop>
): NextHop => ({
  _tag: "Several",
  hops: hops as ReadonlyArray<SeveralMember>,
  weights,
});

Deno.test("relay goes on to the next hop of a list where one cannot be reached. HOP-01", async () => {
  const hop = await ScriptedHop.start();
  await withRelay({ hop: several(null, dead, smtpHop(hop.port)) }, async (relay) => {
    assert.deepEqual(await relay.settled(await relay.send({ to: x })), [
      "delivered: 250 2.0.0 kept",
    ]);
  });
  await hop.stop();
});

Deno.test("relay does not ask DNS for a spare hop that it does not need, and turns to it where the first has none", async () => {
  const hop = await ScriptedHop.start();
  // the stub is in trouble about every name: asking would defer
  await withRelay({ hop: several(null, smtpHop(hop.port), srv()) }, async (relay) => {
    assert.deepEqual(await relay.settled(await relay.send({ to: x })), [
      "delivered: 250 2.0.0 kept",
    ]);
  });
  await withRelay({ hop: several(null, srv(), smtpHop(hop.port)) }, async (relay) => {
    assert.deepEqual(await relay.settled(await relay.send({ to: x })), [
      "delivered: 250 2.0.0 kept",
    ]);
  });
  await withRelay({ hop: several(null, srv(), srv()) }, async (relay) => {
    assert.match(
      (await relay.settled(await relay.send({ to: x })))[0] ?? "",
      /^queued: DNS failed/,
    );
  });
  await hop.stop();
});

Deno.test("inTurn() draws by weight, and puts those of weight 0 behind", () => {
  const hop = (port: number) => smtpHop(port) as SeveralMember;
  const list: SeveralHop = {
    _tag: "Several",
    hops: [hop(1), hop(2), hop(3), hop(4)],
    weights: [3, 0, 1, 0],
  };
  let first = 0;
  for (let i = 0; i < 4_000; i++) {
    const ports = inTurn(list).map((h) => "port" in h ? h.port : 0);
    assert.deepEqual(ports.slice(2), [2, 4]);
    if (ports[0] === 1) first++;
  }
  // 3 of 4, within five deviations of a binomial
  assert.ok(Math.abs(first - 3_000) < 5 * Math.sqrt(4_000 * 0.75 * 0.25), `${first}`);
});

const NAME = "_submission._tcp.example.net";
const srv = (tls: "none" | "required" = "none"): NextHop => ({
  _tag: "Srv",
  name: NAME,
  implicitTls: false,
  tls,
  login: null,
});
const found = (...records: ReadonlyArray<Srv>): DnsAnswer<"SRV"> => ({
  _tag: "Found",
  records,
  secure: false,
  ttl: 60,
  aliases: [],
});
const NO_DATA: DnsAnswer<"SRV"> = { _tag: "NoData", secure: false, ttl: 60, aliases: [] };
const loopback = { _tag: "Addresses", addresses: ["127.0.0.1"] } as const;

Deno.test("relay takes the hosts that SRV records name, the lowest priority first. HOP-07", async () => {
  const hop = await ScriptedHop.start();
  await withRelay({
    hop: srv(),
    srv: {
      [NAME]: found(
        { priority: 20, weight: 0, port: 9, target: "late.test" },
        { priority: 10, weight: 0, port: hop.port, target: "a.test" },
      ),
    },
    addresses: { "a.test": loopback, "late.test": loopback },
  }, async (relay) => {
    const id = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.match((await relay.recipients(id))[0]?.lastRemote ?? "", /^a\.test \[127\.0\.0\.1\]/);
  });
  await hop.stop();
});

/** As openssl writes an SRV-ID. RFC 4985 §2 */
const srvId = (id: string) => `otherName:1.3.6.1.5.5.7.8.7;IA5STRING:${id}`;

Deno.test({
  name:
    "relay believes a host that SRV records name where its certificate is for that service or domain, HOP-08, SEC-8",
  ignore: !installed("openssl"),
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "postern-" });
    const ca = await makeAuthority(dir);
    for (
      const [i, [names, good]] of ([
        [["mail.provider.example", srvId("_submission.example.net")], true],
        [["mail.provider.example", srvId("_Submission.Example.NET")], true],
        [["example.net"], true],
        // of another service, of another domain, and the target alone, which nobody vouches for
        [["mail.provider.example", srvId("_imaps.example.net")], false],
        [["mail.provider.example", srvId("_submission.example.org")], false],
        [["mail.provider.example"], false],
      ] as const).entries()
    ) {
      const { key, cert } = await makeServer(dir, `s${i}`, names);
      const hop = await ScriptedHop.start({ tls: { key, cert } });
      await withRelay({
        hop: srv("required"),
        settings: { access: () => ({ credentials: null, ca }) },
        srv: {
          [NAME]: found({
            priority: 0,
            weight: 0,
            port: hop.port,
            target: "mail.provider.example",
          }),
        },
        addresses: { "mail.provider.example": loopback },
      }, async (relay) => {
        const [said] = await relay.settled(await relay.send({ to: x }));
        assert.match(said ?? "", good ? /^delivered/ : /^queued: TLS: certificate/, `${names}`);
      });
      await hop.stop();
    }
    await Deno.remove(dir, { recursive: true });
  },
});

for (
  const [name, answer, want] of [
    [
      "stops where the service is not offered",
      found({ priority: 0, weight: 0, port: 0, target: "" }),
      "failed: example.net offers no submission service",
    ],
    [
      "asks again where DNS is in trouble",
      SERVFAIL,
      "queued: DNS failed for the recipient domain (SERVFAIL)",
    ],
    // on port 587 of the domain itself, where nothing listens
    [
      "turns to the domain itself where there are no records",
      NO_DATA,
      "queued: Connection refused",
    ],
  ] as ReadonlyArray<[string, DnsAnswer<"SRV">, string]>
) {
  Deno.test(`relay ${name}. HOP-08`, async () => {
    await withRelay({
      hop: srv(),
      srv: { [NAME]: answer },
      addresses: { "example.net": { _tag: "Addresses", addresses: ["127.0.0.2"] } },
    }, async (relay) => {
      assert.deepEqual(await relay.settled(await relay.send({ to: x })), [want]);
    });
  });
}

Deno.test("relay sends nothing to an address of its own. HOP-05", async () => {
  const hop = await ScriptedHop.start();
  await withRelay({
    hop: smtpHop(hop.port),
    settings: { isOurs: (ip) => ip === "127.0.0.1" },
  }, async (relay) => {
    assert.deepEqual(
      await relay.settled(await relay.send({ to: x, from: null })),
      ["failed: The next hop is this server itself"],
    );
    assert.equal(hop.told.length, 0);
  });
  await hop.stop();
});

for (
  // RFC 6186 §6: the domain that was asked for is the reference; a target only where it lies below it
  const [name, target, certified, good] of [
    ["the domain, whatever the target is", "elsewhere.test", "example.net", true],
    ["a target below the domain", "smtp.example.net", "smtp.example.net", true],
    ["a target that only DNS names", "elsewhere.test", "elsewhere.test", false],
  ] as const
) {
  Deno.test(`relay ${good ? "takes" : "refuses"} a certificate for ${name}. HOP-08`, async () => {
    const made = await makeSelfSigned([certified], Date.now());
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, made.certificatePem);
    const hop = await ScriptedHop.start({ tls: { key: made.keyPem, cert: made.certificatePem } });
    await withRelay({
      hop: srv("required"),
      srv: { [NAME]: found({ priority: 0, weight: 0, port: hop.port, target }) },
      addresses: { [target]: loopback },
      settings: { access: () => ({ credentials: null, ca }) },
    }, async (relay) => {
      const [said] = await relay.settled(await relay.send({ to: x }));
      assert.match(said ?? "", good ? /^delivered/ : /^queued: TLS: certificate is not trusted/);
    });
    await hop.stop();
    await Deno.remove(ca);
  });
}
