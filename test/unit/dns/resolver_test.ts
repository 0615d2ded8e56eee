import assert from "node:assert/strict";
import { Duration, Effect } from "effect";
import { TestClock } from "effect/testing";
import { lookupsOf, resolverLayer } from "../../../lib/dns/resolver.ts";
import { Resolver } from "../../../lib/ports/resolver.ts";
import { DnsServer, type Zone } from "../../support/dns_server.ts";

type Port = Resolver["Service"];

/** Runs `body` with the zone served; the clock stands still unless it is moved. */
const test = (
  name: string,
  zone: Zone,
  body: (resolver: Port, server: DnsServer) => Effect.Effect<void>,
  others: ReadonlyArray<Zone> = [],
): void =>
  Deno.test(`resolver ${name}`, async () => {
    const servers = await Promise.all([...others, zone].map((z) => DnsServer.start(z)));
    const layer = resolverLayer({
      servers: servers.map((s) => ({
        _tag: "Plain",
        host: "127.0.0.1",
        port: s.port,
        trusted: false,
      })),
      timeoutMs: 400,
      attempts: 2,
      trust: "never",
      ca: null,
    });
    try {
      await Effect.runPromise(
        Effect.flatMap(Resolver, (r) => body(r, servers.at(-1)!)).pipe(
          Effect.provide(layer),
          Effect.provide(TestClock.layer()),
        ),
      );
    } finally {
      await Promise.all(servers.map((s) => s.stop()));
    }
  });

const mx = (preference: number, exchange: string, name = "example.org", ttl = 300) =>
  ({ type: "MX", name, ttl, data: { preference, exchange } }) as const;
const a = (name: string, data: string) => ({ type: "A", name, ttl: 300, data }) as const;
const aaaa = (name: string, data: string) => ({ type: "AAAA", name, ttl: 300, data }) as const;
const cname = (name: string, data: string) => ({ type: "CNAME", name, ttl: 300, data }) as const;
const NXDOMAIN = { rcode: 3 };
const SERVFAIL = { rcode: 2 };
const EMPTY = {};

const mxIs = (want: unknown) => (r: Port) =>
  Effect.map(r.mailExchangers("example.org"), (got) => assert.deepEqual(got, want));
const addressesAre = (want: unknown) => (r: Port) =>
  Effect.map(r.addresses("h.test"), (got) => assert.deepEqual(got, want));

test(
  "orders exchangers by preference, in lower case. HOP-04",
  {
    "MX example.org": { answers: [mx(20, "b.test"), mx(10, "A.test")] },
  },
  mxIs({
    _tag: "Exchangers",
    exchangers: [{ preference: 10, host: "a.test" }, { preference: 20, host: "b.test" }],
    implicit: false,
  }),
);

test(
  "reads a null MX. HOP-06",
  { "MX example.org": { answers: [mx(0, ".")] } },
  mxIs({ _tag: "NullMx" }),
);

test("ignores the root beside other exchangers. HOP-06", {
  "MX example.org": { answers: [mx(0, "."), mx(10, "a.test")] },
}, mxIs({ _tag: "Exchangers", exchangers: [{ preference: 10, host: "a.test" }], implicit: false }));

test(
  "falls to the domain's own addresses where there is no MX. HOP-03",
  {
    "MX example.org": EMPTY,
    "AAAA example.org": EMPTY,
    "A example.org": { answers: [a("example.org", "192.0.2.1")] },
  },
  mxIs({
    _tag: "Exchangers",
    exchangers: [{ preference: 0, host: "example.org" }],
    implicit: true,
  }),
);

test("says so where there is neither MX nor address. HOP-03", {
  "MX example.org": EMPTY,
  "AAAA example.org": EMPTY,
  "A example.org": EMPTY,
}, mxIs({ _tag: "NoAddress" }));

test("tells NXDOMAIN. HOP-02", { "MX example.org": NXDOMAIN }, mxIs({ _tag: "NoSuchDomain" }));

test(
  "never falls to A on SERVFAIL. HOP-02",
  { "MX example.org": SERVFAIL },
  (r, server) =>
    Effect.map(r.mailExchangers("example.org"), (got) => {
      assert.equal(got._tag, "Trouble");
      assert.deepEqual(new Set(server.asked), new Set(["udp MX example.org"]));
    }),
);

test(
  "calls silence trouble, after a second try",
  { "MX example.org": { silent: true } },
  (r, server) =>
    Effect.map(r.mailExchangers("example.org"), (got) => {
      assert.equal(got._tag, "Trouble");
      assert.equal(server.asked.length, 2);
    }),
);

test(
  "asks the next server where one is in trouble",
  {
    "MX example.org": { answers: [mx(10, "a.test")] },
  },
  (r) => Effect.map(r.mailExchangers("example.org"), (got) => assert.equal(got._tag, "Exchangers")),
  [
    { "MX example.org": SERVFAIL },
    { "MX example.org": { silent: true } },
  ],
);

test(
  "follows an alias within the answer. HOP-02",
  {
    "MX example.org": {
      answers: [cname("example.org", "real.test"), mx(10, "a.test", "real.test")],
    },
  },
  mxIs({
    _tag: "Exchangers",
    exchangers: [{ preference: 10, host: "a.test" }],
    implicit: false,
    alias: "real.test",
  }),
);

test(
  "asks on where the answer stops at an alias",
  {
    "MX example.org": { answers: [cname("example.org", "real.test")] },
    "MX real.test": { answers: [mx(10, "a.test", "real.test")] },
  },
  mxIs({
    _tag: "Exchangers",
    exchangers: [{ preference: 10, host: "a.test" }],
    implicit: false,
    alias: "real.test",
  }),
);

test("gives up on an alias loop", {
  "MX example.org": { answers: [cname("example.org", "b.test")] },
  "MX b.test": { answers: [cname("b.test", "example.org")] },
}, (r) => Effect.map(r.mailExchangers("example.org"), (got) => assert.equal(got._tag, "Trouble")));

test("gives IPv6 before IPv4. HOP-04", {
  "AAAA h.test": { answers: [aaaa("h.test", "2001:db8::1")] },
  "A h.test": { answers: [a("h.test", "192.0.2.1"), a("h.test", "192.0.2.2")] },
}, addressesAre({ _tag: "Addresses", addresses: ["2001:db8::1", "192.0.2.1", "192.0.2.2"] }));

test("uses the addresses it has where the other kind is in trouble", {
  "AAAA h.test": SERVFAIL,
  "A h.test": { answers: [a("h.test", "192.0.2.1")] },
}, addressesAre({ _tag: "Addresses", addresses: ["192.0.2.1"] }));

test("does not take half an answer for none", {
  "AAAA h.test": SERVFAIL,
  "A h.test": EMPTY,
}, (r) => Effect.map(r.addresses("h.test"), (got) => assert.equal(got._tag, "Trouble")));

test("passes over records of another name", {
  "AAAA h.test": EMPTY,
  "A h.test": { answers: [a("evil.test", "203.0.113.1")] },
}, addressesAre({ _tag: "NoAddress" }));

for (const forged of ["id", "question", "garbage"] as const) {
  test(`waits for the true answer behind a forged one (${forged})`, {
    "AAAA h.test": EMPTY,
    "A h.test": { forged, answers: [a("h.test", "192.0.2.1")] },
  }, addressesAre({ _tag: "Addresses", addresses: ["192.0.2.1"] }));
}

test("goes to TCP where UDP was cut", {
  "AAAA h.test": EMPTY,
  "A h.test": {
    truncated: true,
    answers: Array.from({ length: 100 }, (_, i) => a("h.test", `192.0.2.${i}`)),
  },
}, (r, server) =>
  Effect.map(r.addresses("h.test"), (got) => {
    assert.equal(got._tag === "Addresses" && got.addresses.length, 100);
    assert.ok(server.asked.includes("tcp A h.test"));
  }));

test("uses an id and a port of its own for each query", {
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`MX d${i}.test`, NXDOMAIN])),
}, (r, server) =>
  Effect.gen(function* () {
    for (let i = 0; i < 12; i++) yield* r.mailExchangers(`d${i}.test`);
    assert.ok(new Set(server.ids).size >= 10);
    assert.ok(new Set(server.ports).size >= 10);
  }));

test("keeps an answer for its time to live", {
  "MX example.org": { answers: [mx(10, "a.test", "example.org", 60)] },
}, (r, server) =>
  Effect.gen(function* () {
    yield* r.mailExchangers("example.org");
    yield* TestClock.adjust(Duration.seconds(59));
    yield* r.mailExchangers("example.org");
    assert.equal(server.asked.length, 1);
    yield* TestClock.adjust(Duration.seconds(2));
    yield* r.mailExchangers("example.org");
    assert.equal(server.asked.length, 2);
  }));

test("keeps NXDOMAIN as long as the zone says, five minutes at most", {
  "MX example.org": {
    rcode: 3,
    authorities: [{
      type: "SOA",
      name: "org",
      ttl: 9_000,
      data: {
        mname: "ns.test",
        rname: "h.test",
        serial: 1,
        refresh: 1,
        retry: 1,
        expire: 1,
        minimum: 9_000,
      },
    }],
  },
}, (r, server) =>
  Effect.gen(function* () {
    yield* r.mailExchangers("example.org");
    yield* TestClock.adjust(Duration.seconds(299));
    yield* r.mailExchangers("example.org");
    assert.equal(server.asked.length, 1);
    yield* TestClock.adjust(Duration.seconds(2));
    yield* r.mailExchangers("example.org");
    assert.equal(server.asked.length, 2);
  }));

test(
  "keeps trouble for seconds only. RFC 9520",
  { "MX example.org": SERVFAIL },
  (r, server) =>
    Effect.gen(function* () {
      yield* r.mailExchangers("example.org");
      const once = server.asked.length;
      yield* r.mailExchangers("example.org");
      assert.equal(server.asked.length, once);
      yield* TestClock.adjust(Duration.seconds(6));
      yield* r.mailExchangers("example.org");
      assert.equal(server.asked.length, 2 * once);
    }),
);

test(
  "asks over TCP where the case of the name came back changed. RFC 5452 §9.3",
  { "A h.test": { lowers: true, answers: [a("h.test", "192.0.2.1")] }, "AAAA h.test": EMPTY },
  (r, server) =>
    Effect.map(r.addresses("h.test"), (got) => {
      assert.deepEqual(got, { _tag: "Addresses", addresses: ["192.0.2.1"] });
      assert.ok(server.asked.includes("tcp A h.test"));
    }),
);

test("asks without EDNS where the server does not know it. RFC 6891 §7", {
  "AAAA h.test": EMPTY,
  "A h.test": { noEdns: true, answers: [a("h.test", "192.0.2.1")] },
}, addressesAre({ _tag: "Addresses", addresses: ["192.0.2.1"] }));

test("has the same question out once only", {
  "MX example.org": { answers: [mx(10, "a.test")] },
}, (r, server) =>
  Effect.gen(function* () {
    yield* Effect.all(Array.from({ length: 20 }, () => r.mailExchangers("example.org")), {
      concurrency: "unbounded",
    });
    assert.equal(server.asked.length, 1);
  }));

Deno.test("resolver does not ask a silent server first again", async () => {
  const [silent, good] = await Promise.all([
    DnsServer.start({ "MX a.test": { silent: true }, "MX b.test": { silent: true } }),
    DnsServer.start({ "MX a.test": NXDOMAIN, "MX b.test": NXDOMAIN }),
  ]);
  try {
    const lookups = lookupsOf({
      servers: [silent, good].map((s) => ({
        _tag: "Plain",
        host: "127.0.0.1",
        port: s.port,
        trusted: false,
      })),
      timeoutMs: 200,
      attempts: 1,
      trust: "never",
      ca: null,
    });
    await lookups.lookup("a.test", "MX", 0);
    await lookups.lookup("b.test", "MX", 1_000);
    assert.deepEqual(silent.asked, ["udp MX a.test"]);
    // a clock set back by a day does not put it last for a day
    await lookups.lookup("b.test", "MX", -86_400_000);
    assert.deepEqual(silent.asked, ["udp MX a.test", "udp MX b.test"]);
  } finally {
    await Promise.all([silent.stop(), good.stop()]);
  }
});

test("believes no AD bit of a server that is not trusted. SEC-6", {
  "A h.test": { ad: true, answers: [a("h.test", "192.0.2.1")] },
}, (r) =>
  Effect.map(r.lookup("h.test", "A"), (got) => {
    assert.equal(got._tag === "Found" && got.secure, false);
  }));

test("asks for no name that DNS cannot carry", {}, (r, server) =>
  Effect.gen(function* () {
    for (
      const name of [
        `${"a".repeat(64)}.test`,
        "a..test",
        "a b.test",
        "ü.test",
        `${"a.".repeat(130)}b`,
      ]
    ) {
      const got = yield* r.lookup(name, "A");
      assert.equal(got._tag === "Trouble" && got.kind, "name", name);
    }
    assert.equal(server.asked.length, 0);
  }));

test("keeps no answer that nothing exists where the zone gives no SOA. RFC 2308 §5", {
  "MX example.org": NXDOMAIN,
}, (r, server) =>
  Effect.gen(function* () {
    yield* r.mailExchangers("example.org");
    yield* r.mailExchangers("example.org");
    assert.equal(server.asked.length, 2);
  }));

Deno.test("resolver takes a server by name, or by an address in another spelling", async () => {
  const server = await DnsServer.start({ "A h.test": { answers: [a("h.test", "192.0.2.1")] } });
  try {
    for (const host of ["localhost", "127.0.0.1"]) {
      const lookups = lookupsOf({
        servers: [{ _tag: "Plain", host, port: server.port, trusted: false }],
        timeoutMs: 500,
        attempts: 1,
        trust: "never",
        ca: null,
      });
      assert.equal((await lookups.lookup("h.test", "A", 0))._tag, "Found", host);
    }
  } finally {
    await server.stop();
  }
});

test("shuffles exchangers of equal preference anew each time. HOP-04", {
  "MX example.org": { answers: [mx(10, "a.test"), mx(10, "b.test"), mx(20, "c.test")] },
}, (r) =>
  Effect.gen(function* () {
    let first = 0;
    for (let i = 0; i < 1_000; i++) {
      const got = yield* r.mailExchangers("example.org");
      assert.ok(got._tag === "Exchangers" && got.exchangers[2]?.host === "c.test");
      if (got.exchangers[0]?.host === "a.test") first++;
    }
    assert.ok(first > 400 && first < 600, String(first));
  }));
