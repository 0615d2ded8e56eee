/** DNS that is dead, lies or is slow, beneath the relay: it delays mail, it bounces and misleads none. HOP-02, threats.md row 33 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { resolverLayer } from "../../lib/dns/resolver.ts";
import { isThisMachine } from "../../lib/relay/hosts/mx.ts";
import { STANDARD_CURVE } from "../../lib/relay/retry.ts";
import { DnsServer, type Zone } from "../support/dns_server.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { type Given, type Running, until, withRelay } from "./harness.ts";

const TIMEOUT_MS = 300;
const SERVFAIL = { rcode: 2 };
const NXDOMAIN = { rcode: 3 };
const mx = (domain: string, host: string, preference = 10, ttl = 300) =>
  ({ type: "MX", name: domain, ttl, data: { preference, exchange: host } }) as const;
const a = (name: string, data: string, ttl = 300) => ({ type: "A", name, ttl, data }) as const;
const alias = (name: string, data: string) => ({ type: "CNAME", name, ttl: 1, data }) as const;

/** The exchanger of all that is well. */
const HOST: Zone = {
  "A mail.test": { answers: [a("mail.test", "127.0.0.1")] },
  "AAAA mail.test": {},
};
const well = (domain: string): Zone => ({
  [`MX ${domain}`]: { answers: [mx(domain, "mail.test")] },
});

const HASTY = { ...STANDARD_CURVE, first: [300], then: 300, jitter: 0 };

const withDns = async (
  zone: Zone,
  settings: Given["settings"],
  body: (relay: Running, hop: ScriptedHop, dns: DnsServer) => Promise<void>,
  port?: number,
): Promise<void> => {
  const dns = await DnsServer.start(zone);
  const hop = await ScriptedHop.start();
  try {
    await withRelay({
      hop: (address) => ({
        _tag: "Mx",
        domain: address.slice(address.indexOf("@") + 1),
        port: hop.port,
        tls: "none",
      }),
      resolver: resolverLayer({
        servers: [{ _tag: "Plain", host: "127.0.0.1", port: port ?? dns.port, trusted: false }],
        timeoutMs: TIMEOUT_MS,
        attempts: 2,
        trust: "never",
        ca: null,
      }),
      settings: { retry: HASTY, pauseMs: 100, ...settings },
    }, (relay) => body(relay, hop, dns));
  } finally {
    await hop.stop();
    await dns.stop();
  }
};

/** What is wrong with a domain, and what stands in the queue meanwhile. */
const TROUBLE: ReadonlyArray<readonly [string, Zone, string]> = [
  ["silent.test", { "MX silent.test": { silent: true } }, "DNS gave no answer in time"],
  ["servfail.test", { "MX servfail.test": SERVFAIL }, "DNS failed for the recipient domain"],
  ["refused.test", {}, "DNS servers refuse to answer"],
  [
    "wrong-id.test",
    { "MX wrong-id.test": { forged: "id", silent: true } },
    "DNS gave no answer in time",
  ],
  [
    "wrong-question.test",
    { "MX wrong-question.test": { forged: "question", silent: true } },
    "DNS gave no answer in time",
  ],
  [
    "garbage.test",
    { "MX garbage.test": { forged: "garbage", silent: true } },
    "DNS gave no answer in time",
  ],
  [
    "circle.test",
    {
      "MX circle.test": { answers: [alias("circle.test", "round.test")] },
      "MX round.test": { answers: [alias("round.test", "circle.test")] },
    },
    "DNS aliases of the recipient domain lead in a circle",
  ],
  ["late.test", { "MX late.test": { delay: 5 * TIMEOUT_MS } }, "DNS gave no answer in time"],
  [
    "half.test", // its exchanger's addresses are what nobody knows
    {
      "MX half.test": { answers: [mx("half.test", "gone.half.test")] },
      "A gone.half.test": SERVFAIL,
      "AAAA gone.half.test": SERVFAIL,
    },
    "DNS failed for the recipient domain",
  ],
];

Deno.test("HOP-02: whatever DNS does wrong delays mail, holds up no other, and all goes once DNS is back", async () => {
  const zone: Record<string, Zone[string]> = { ...HOST, ...well("good.test") };
  for (const [, wrong] of TROUBLE) Object.assign(zone, wrong);
  await withDns(zone, {}, async (relay, hop) => {
    const started = performance.now();
    const sent = await Promise.all(
      TROUBLE.map(([domain]) => relay.send({ to: [`x@${domain}`] })),
    );
    const good = await relay.send({ to: ["x@good.test"] });
    assert.deepEqual(await relay.settled(good), ["delivered: 250 2.0.0 kept"]);
    assert.ok(performance.now() - started < TIMEOUT_MS, "waited for the DNS of others");
    for (const [i, [domain, , want]] of TROUBLE.entries()) {
      const [result = ""] = await relay.settled(sent[i]!);
      assert.ok(result.startsWith(`queued: ${want}`), `${domain}: ${result}`);
    }
    for (const [domain] of TROUBLE) Object.assign(zone, well(domain));
    Object.assign(zone, {
      "A gone.half.test": { answers: [a("gone.half.test", "127.0.0.1")] },
      "AAAA gone.half.test": {},
    });
    // what failed is asked for again after five seconds. RFC 9520 §3.2
    await until(() => hop.messages.length === 1 + TROUBLE.length, 15_000);
    for (const id of sent) {
      await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
    }
    assert.deepEqual(await relay.bounces(), []);
  });
});

Deno.test("HOP-02: a slow answer is waited for, and meanwhile others go", () =>
  withDns(
    {
      ...HOST,
      ...well("good.test"),
      "MX slow.test": { ...well("slow.test")["MX slow.test"], delay: TIMEOUT_MS * 0.7 },
    },
    {},
    async (relay, hop) => {
      const slow = await relay.send({ to: ["x@slow.test"] });
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(await relay.settled(await relay.send({ to: ["x@good.test"] })), [
          "delivered: 250 2.0.0 kept",
        ]);
      }
      assert.deepEqual(await relay.settled(slow), ["delivered: 250 2.0.0 kept"]);
      assert.deepEqual(hop.messages.at(-1)?.to, ["<x@slow.test>"]);
    },
  ));

/** What is final, told by DNS in good order or by a liar. */
const FINAL: ReadonlyArray<readonly [string, Zone, string]> = [
  ["gone.test", { "MX gone.test": NXDOMAIN }, "Recipient domain does not exist"],
  [
    "null.test",
    { "MX null.test": { answers: [mx("null.test", "", 0)] } },
    "Recipient domain accepts no mail (null MX)",
  ],
  [
    "empty.test",
    {
      "MX empty.test": { answers: [mx("empty.test", "nowhere.test")] },
      "A nowhere.test": NXDOMAIN,
      "AAAA nowhere.test": NXDOMAIN,
    },
    "Recipient domain has no host that takes mail",
  ],
  [
    "literal.test", // an address is no name, whatever it looks like. RFC 5321 §5.1
    { "MX literal.test": { answers: [mx("literal.test", "127.0.0.1")] } },
    "Recipient domain has no host that takes mail",
  ],
  [
    "other-owner.test", // an answer about somebody else is none about the domain
    {
      "MX other-owner.test": { answers: [mx("good.test", "mail.test")] },
      "A other-owner.test": {},
      "AAAA other-owner.test": {},
    },
    "Recipient domain has no host that takes mail",
  ],
];

Deno.test("HOP-02, HOP-03, HOP-06: what DNS says for good bounces at once, and once", () => {
  const zone: Record<string, Zone[string]> = { ...HOST, ...well("example.net") };
  for (const [, said] of FINAL) Object.assign(zone, said);
  return withDns(zone, {}, async (relay, hop) => {
    for (const [domain, , want] of FINAL) {
      const id = await relay.send({ to: [`x@${domain}`] });
      assert.deepEqual(await relay.settled(id), [`failed: ${want}`], domain);
    }
    await until(() => hop.messages.length === FINAL.length);
    for (const m of hop.messages) assert.match(m.from, /^<>/);
  });
});

Deno.test("threats.md row 33: exchangers at addresses of this machine lead back to us, and are not spoken to", () => {
  const at = (domain: string, ...answers: ReadonlyArray<ReturnType<typeof a>>): Zone => ({
    [`MX ${domain}`]: { answers: [mx(domain, `mx.${domain}`)] },
    [`A mx.${domain}`]: { answers },
    [`AAAA mx.${domain}`]: {},
  });
  const domains = { "loop.test": "127.0.0.1", "zero.test": "0.0.0.0", "eight.test": "127.9.9.9" };
  const zone: Record<string, Zone[string]> = {};
  for (const [domain, address] of Object.entries(domains)) {
    Object.assign(zone, at(domain, a(`mx.${domain}`, address)));
  }
  Object.assign(zone, {
    "MX localhost.test": { answers: [mx("localhost.test", "localhost")] },
    "A localhost": { answers: [a("localhost", "127.0.0.1")] },
    "AAAA localhost": { answers: [{ type: "AAAA", name: "localhost", ttl: 300, data: "::1" }] },
  });
  return withDns(zone, { loopbackExchangers: false }, async (relay, hop) => {
    for (const domain of [...Object.keys(domains), "localhost.test"]) {
      const id = await relay.send({ to: [`x@${domain}`], from: null });
      assert.deepEqual(await relay.settled(id), [
        "failed: Mail for the recipient domain loops back to this server",
      ], domain);
    }
    assert.equal(hop.told.length, 0);
  });
});

Deno.test("HOP-02: a domain in trouble that turns out not to exist bounces then", async () => {
  const domain = "flip.test";
  const zone: Record<string, Zone[string]> = { ...HOST, "MX flip.test": SERVFAIL };
  await withDns(zone, {}, async (relay, hop) => {
    const id = await relay.send({ to: [`x@${domain}`], from: null });
    assert.match((await relay.settled(id))[0] ?? "", /^queued: DNS failed/);
    zone["MX flip.test"] = NXDOMAIN;
    await until(async () => (await relay.recipients(id))[0]?.state === "failed", 10_000);
    const [r] = await relay.recipients(id);
    assert.equal(r?.lastReply, "Recipient domain does not exist");
    assert.equal(hop.told.length, 0);
  });
});

Deno.test("HOP-02: a resolver that is not there delays mail, and no more", async () => {
  const gone = createSocket("udp4");
  await new Promise<void>((r) => gone.bind(0, "127.0.0.1", () => r()));
  const { port } = gone.address();
  await new Promise<void>((r) => gone.close(() => r()));
  await withDns({}, {}, async (relay, hop) => {
    const [result = ""] = await relay.settled(await relay.send({ to: ["x@good.test"] }));
    assert.match(result, /^queued: (?:No DNS server can be reached|DNS gave no answer in time)/);
    assert.deepEqual(await relay.bounces(), []);
    assert.equal(hop.told.length, 0);
  }, port);
});

Deno.test("isThisMachine() knows loopback and the unspecified address, also as IPv4 in IPv6", () => {
  const yes = [
    "127.0.0.1",
    "127.255.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:0.0.0.0",
  ];
  const no = ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "128.0.0.1"];
  assert.deepEqual(yes.filter((x) => !isThisMachine(x)), []);
  assert.deepEqual(no.filter(isThisMachine), []);
});
