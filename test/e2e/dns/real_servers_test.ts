/** The resolver against a validating Unbound before BIND, Knot, NSD and PowerDNS: every record type, every way to ask, DNSSEC states. */
import assert from "node:assert/strict";
import { lookupsOf } from "../../../lib/dns/resolver.ts";
import type { Lookups } from "../../../lib/dns/lookups.ts";
import type { DnsServer } from "../../../lib/dns/server.ts";
import { startKnot } from "../../support/knot.ts";
import { startNamed } from "../../support/named.ts";
import { startNsd } from "../../support/nsd.ts";
import { startPowerDns } from "../../support/powerdns.ts";
import {
  type Signed,
  type StartServer,
  startSigned,
  startUnbound,
  type Unbound,
} from "../../support/name_servers.ts";
import { installed } from "../../support/postern.ts";

const PEERS = ["named", "dnssec-signzone", "unbound", "knotd", "nsd", "pdns_server", "pdnsutil"]
  .every(installed);

const AUTHORITIES: Readonly<Record<string, StartServer>> = {
  BIND: startNamed,
  Knot: ({ zones }) => startKnot({ zones, key: { name: "k", secret: "c2VjcmV0c2VjcmV0" } }),
  NSD: startNsd,
  PowerDNS: startPowerDns,
};

const BIG = Array.from({ length: 95 }, (_, i) => `big 300 IN A 192.0.2.${i}`).join("\n");
const ZONE = `
@ 300 IN MX 10 mx
@ 300 IN MX 20 Backup.Example.NET.
@ 300 IN CAA 0 issue "ca.example"
@ 300 IN TXT "v=spf1 " "-all"
mx 300 IN A 192.0.2.1
mx 300 IN AAAA 2001:db8::1
www 300 IN CNAME mx
far 300 IN CNAME www
loop 300 IN CNAME pool
pool 300 IN CNAME loop
_imaps._tcp 300 IN SRV 0 1 993 mx
_pop3._tcp 300 IN SRV 0 0 0 .
_25._tcp.mx 300 IN TLSA 3 1 1 ${"0123456789abcdef".repeat(4)}
1.2.0.192.rev 300 IN PTR mx
long 300 IN TXT ${Array.from({ length: 200 }, () => `"${"x".repeat(250)}"`).join(" ")}
${BIG}
`;

const withServers = async (
  body: (authority: Signed, unbound: Unbound) => Promise<void>,
  start: StartServer = startNamed,
) => {
  const authority = await startSigned({
    "signed.test": { text: ZONE, signed: true },
    "plain.test": { text: ZONE },
    "bogus.test": { text: ZONE },
  }, start);
  try {
    const unbound = await startUnbound(authority, ["signed.test", "plain.test"], ["bogus.test"]);
    try {
      await body(authority, unbound);
    } finally {
      await unbound.stop();
    }
  } finally {
    await authority.stop();
  }
};

const ways = (u: Unbound): ReadonlyArray<DnsServer> => [
  { _tag: "Plain", host: "127.0.0.1", port: u.port, trusted: true },
  { _tag: "Tls", host: "127.0.0.1", port: u.tlsPort, name: "dns.test", trusted: true },
  {
    _tag: "Https",
    url: `https://dns.test:${u.httpsPort}/dns-query`,
    address: "127.0.0.1",
    trusted: true,
  },
];

const over = async (
  server: DnsServer,
  ca: string | null,
  body: (lookups: Lookups) => Promise<void>,
): Promise<void> => {
  const lookups = lookupsOf({
    servers: [server],
    timeoutMs: 3_000,
    attempts: 2,
    trust: "auto",
    ca,
  });
  try {
    await body(lookups);
  } finally {
    lookups.close();
  }
};

const records = async (lookups: Lookups, name: string, type: Parameters<Lookups["lookup"]>[1]) => {
  const answer = await lookups.lookup(name, type, Date.now());
  return answer._tag === "Found" ? answer.records : answer;
};

for (const [name, start] of Object.entries(AUTHORITIES)) {
  Deno.test({
    name:
      `the resolver reads every type of ${name} through Unbound, over UDP, TLS and HTTPS. SEC-6`,
    ignore: !PEERS,
    fn: () =>
      withServers(async (_, unbound) => {
        for (const server of ways(unbound)) {
          await over(server, unbound.ca, async (l) => {
            const at = (name: string, type: Parameters<Lookups["lookup"]>[1]) =>
              records(l, name, type);
            const mx = await at("Signed.Test.", "MX");
            assert.deepEqual(
              new Set(mx as ReadonlyArray<unknown>),
              new Set([
                { preference: 10, exchange: "mx.signed.test" },
                { preference: 20, exchange: "backup.example.net" },
              ]),
              server._tag,
            );
            assert.deepEqual(await at("signed.test", "CAA"), [
              { flags: 0, tag: "issue", value: "ca.example" },
            ]);
            assert.deepEqual(await at("signed.test", "TXT"), [["v=spf1 ", "-all"]]);
            assert.deepEqual(await at("signed.test", "NS"), ["ns.signed.test"]);
            assert.deepEqual(await at("mx.signed.test", "A"), ["192.0.2.1"]);
            assert.deepEqual(await at("mx.signed.test", "AAAA"), ["2001:db8::1"]);
            assert.deepEqual(await at("www.signed.test", "CNAME"), ["mx.signed.test"]);
            assert.deepEqual(await at("_imaps._tcp.signed.test", "SRV"), [
              { priority: 0, weight: 1, port: 993, target: "mx.signed.test" },
            ]);
            assert.deepEqual(await at("_pop3._tcp.signed.test", "SRV"), [
              { priority: 0, weight: 0, port: 0, target: "" },
            ]);
            assert.deepEqual(await at("_25._tcp.mx.signed.test", "TLSA"), [
              { usage: 3, selector: 1, matching: 1, data: "0123456789abcdef".repeat(4) },
            ]);
            assert.deepEqual(await at("1.2.0.192.rev.signed.test", "PTR"), ["mx.signed.test"]);
            const soa = await l.lookup("signed.test", "SOA", Date.now());
            assert.equal(soa._tag === "Found" && soa.records[0]?.minimum, 300);
            const long = await l.lookup("long.signed.test", "TXT", Date.now());
            assert.equal(long._tag === "Found" && long.records[0]?.join("").length, 50_000);
            const big = await l.lookup("big.plain.test", "A", Date.now());
            assert.equal(big._tag === "Found" && big.records.length, 95);
          });
        }
      }, start),
  });

  Deno.test({
    name:
      `secure, insecure, bogus, NXDOMAIN, no data and loops of ${name} stay different things. SEC-6, SEC-7, HOP-02`,
    ignore: !PEERS,
    fn: () =>
      withServers(async (authority, unbound) => {
        for (const server of ways(unbound)) {
          await over(server, unbound.ca, async (l) => {
            const ask = (name: string) => l.lookup(name, "A", Date.now());
            const signed = await ask("far.signed.test");
            // a second may have gone by at the resolver
            const { ttl, ...rest } = { ttl: 0, ...signed };
            assert.ok(ttl > 290 && ttl <= 300, `ttl ${ttl}`);
            assert.deepEqual(rest, {
              _tag: "Found",
              records: ["192.0.2.1"],
              secure: true,
              aliases: ["www.signed.test", "mx.signed.test"],
            });
            const plain = await ask("far.plain.test");
            assert.equal(plain._tag === "Found" && plain.secure, false);
            const nothing = await ask("nothing.signed.test");
            assert.deepEqual([nothing._tag, "secure" in nothing && nothing.secure], [
              "NoSuchDomain",
              true,
            ]);
            const none = await l.lookup("mx.signed.test", "MX", Date.now());
            assert.deepEqual([none._tag, "secure" in none && none.secure], ["NoData", true]);
            const bogus = await ask("mx.bogus.test");
            assert.equal(bogus._tag === "Trouble" && bogus.kind, "bogus", JSON.stringify(bogus));
            assert.equal((await ask("loop.plain.test"))._tag, "Trouble");
          });
        }
        // the same answers of a resolver that is not trusted say nothing about DNSSEC
        await over(
          { _tag: "Plain", host: "127.0.0.1", port: unbound.port, trusted: false },
          null,
          async (l) => {
            const a = await l.lookup("mx.signed.test", "A", Date.now());
            assert.equal(a._tag === "Found" && a.secure, false);
          },
        );
        // it serves its zones only
        await over(
          { _tag: "Plain", host: "127.0.0.1", port: authority.port, trusted: true },
          null,
          async (l) => {
            const a = await l.lookup("elsewhere.example", "A", Date.now());
            assert.equal(a._tag === "Trouble" && a.kind, "refused");
          },
        );
      }, start),
  });
}

Deno.test({
  name: "many questions at once over one connection, answers in any order. RFC 7766 §6.2.1.1",
  ignore: !PEERS,
  fn: () =>
    withServers(async (_, unbound) => {
      for (const server of ways(unbound)) {
        await over(server, unbound.ca, async (l) => {
          const names = Array.from({ length: 60 }, (_, i) => `n${i}.plain.test`);
          const answers = await Promise.all(
            [...names, "mx.plain.test"].map((n) => l.lookup(n, "A", Date.now())),
          );
          assert.equal(answers.pop()?._tag, "Found", server._tag);
          assert.ok(answers.every((a) => a._tag === "NoSuchDomain"), server._tag);
        });
      }
    }),
});

Deno.test({
  name: "a server over TLS or HTTPS whose certificate does not hold is not believed. SEC-6",
  ignore: !PEERS,
  fn: () =>
    withServers(async (_, unbound) => {
      for (const server of ways(unbound).slice(1)) {
        await over(server, null, async (l) => {
          const a = await l.lookup("mx.plain.test", "A", Date.now());
          assert.equal(a._tag === "Trouble" && a.kind, "unreachable", server._tag);
        });
      }
      const other: DnsServer = {
        _tag: "Tls",
        host: "127.0.0.1",
        port: unbound.tlsPort,
        name: "other.test",
        trusted: true,
      };
      await over(other, unbound.ca, async (l) => {
        const a = await l.lookup("mx.plain.test", "A", Date.now());
        assert.equal(a._tag === "Trouble" && a.kind, "unreachable");
      });
    }),
});
