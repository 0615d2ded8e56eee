/** Our authoritative server beside BIND on the same zone, asked by dig, kdig and delv. */
import assert from "node:assert/strict";
import { Effect, Exit, Scope } from "effect";
import { serveZones } from "../../../lib/dns/authority/listener.ts";
import { makeZone, type Zone } from "../../../lib/dns/authority/zone.ts";
import { expectedRecords } from "../../../lib/discovery/expected.ts";
import { zoneFile } from "../../../lib/discovery/publish/zone.ts";
import { within } from "../../../lib/discovery/offer.ts";
import { dig, run } from "../../support/dig.ts";
import { startNamed } from "../../support/named.ts";
import { fullOffer } from "../../support/offers.ts";
import { installed } from "../../support/postern.ts";

const ZONE = "_tcp.example.com";
const SETTINGS = {
  ns: ["ns1.example.com", "ns2.example.com"],
  mailbox: "host.master@example.com",
  serial: 2026112401,
  ttl: 300,
};

const records = async (zone: string) =>
  (await expectedRecords(fullOffer())).filter((r) => within(r.owner, zone));

/** The same for BIND, by its own reader. */
const masterFile = async (zone: string): Promise<string> => {
  const fragment = zoneFile(await records(zone), false);
  const soa =
    `@ 300 IN SOA ns1.example.com. host\\.master.example.com. ${SETTINGS.serial} 3600 600 604800 300`;
  const ns = SETTINGS.ns.map((n) => `@ 300 IN NS ${n}.`);
  const glue = zone === "example.com" ? ["ns1 300 IN A 192.0.2.1", "ns2 300 IN A 192.0.2.2"] : [];
  return ["$TTL 300", soa, ...ns, ...glue, fragment.replace(/^\$TTL.*\n/, "")].join("\n");
};

/** The ports of both, to the end of the test. */
const beside = async (
  zones: ReadonlyArray<string>,
  test: (ours: number, binds: number) => Promise<void>,
  responsesPerSecond = 1_000_000,
): Promise<void> => {
  const named = await startNamed({
    zones: Object.fromEntries(await Promise.all(zones.map(async (z) => [z, await masterFile(z)]))),
  });
  const scope = await Effect.runPromise(Scope.make());
  try {
    const ours: ReadonlyArray<Zone> = await Promise.all(zones.map(async (name) =>
      makeZone({
        ...SETTINGS,
        name,
        records: [
          ...await records(name),
          ...(name === "example.com"
            ? SETTINGS.ns.map((owner, i) => ({
              owner,
              ttl: 300,
              data: { type: "A", address: `192.0.2.${i + 1}` } as const,
            }))
            : []),
        ],
      })
    ));
    const [port = 0] = await Effect.runPromise(
      serveZones({
        listen: [{ host: "127.0.0.1", port: 0 }],
        zones: () => ours,
        responsesPerSecond,
      })
        .pipe(Scope.provide(scope)),
    );
    await test(port, named.port);
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void));
    await named.stop();
  }
};

const ignore = !["named", "dig", "kdig", "delv"].every(installed);

// NS-2..NS-7, NS-10, NS-11, NS-14..NS-16
const SAME: ReadonlyArray<ReadonlyArray<string>> = [
  ["_imaps._tcp.example.com", "SRV"],
  ["_imap._tcp.example.com", "SRV"],
  ["_caldavs._tcp.example.com", "TXT"],
  ["_IMAPS._Tcp.eXample.com", "SRV"],
  ["_imaps._tcp.example.com", "SRV", "+tcp"],
  ["_imaps._tcp.example.com", "SRV", "+noedns"],
  ["_imaps._tcp.example.com", "SRV", "+dnssec"],
  ["_imaps._tcp.example.com", "SRV", "+rec"],
  ["_imaps._tcp.example.com", "SRV", "+cdflag"],
  ["_imaps._tcp.example.com", "SRV", "+edns=1", "+noednsneg"],
  ["_imaps._tcp.example.com", "SRV", "+ednsopt=65001:0102"],
  ["_imaps._tcp.example.com", "SRV", "+ednsflags=0x4000"],
  ["_imaps._tcp.example.com", "A"],
  ["_imaps._tcp.example.com", "TYPE65280"],
  ["_imaps._tcp.example.com", "DS"],
  ["_nothing._tcp.example.com", "SRV"],
  ["a.b._imaps._tcp.example.com", "SRV"],
  ["_tcp.example.com", "SOA"],
  ["_tcp.example.com", "NS"],
  ["_tcp.example.com", "SRV"],
  ["_tcp.example.com", "DS"],
  ["example.com", "SOA"],
  ["example.org", "A"],
  [".", "NS"],
  ["_tcp.example.com", "AXFR", "+tcp"],
  ["_tcp.example.com", "IXFR=1", "+tcp"],
  ["_imaps._tcp.example.com", "SRV", "+opcode=STATUS"],
  ["_imaps._tcp.example.com", "SRV", "+opcode=15"],
];

const WHOLE: ReadonlyArray<ReadonlyArray<string>> = [
  ["example.com", "MX"],
  ["example.com", "CAA"],
  ["example.com", "TXT"],
  ["s2026._domainkey.example.com", "TXT"],
  ["s2026._domainkey.example.com", "TXT", "+bufsize=512", "+ignore"],
  ["s2026._domainkey.example.com", "TXT", "+noedns", "+ignore"],
  ["_domainkey.example.com", "TXT"],
  ["_tcp.example.com", "SRV"],
  ["_25._tcp.mx.example.com", "TLSA"],
  ["mx.example.com", "AAAA"],
  ["mail.example.com", "A"],
  ["autoconfig.example.com", "A"],
  ["autoconfig.example.com", "CNAME"],
  ["autoconfig.example.com", "MX"],
  ["x.autoconfig.example.com", "A"],
  ["nothing.example.com", "A"],
];

for (const [zones, cases] of [[[ZONE], SAME], [["example.com"], WHOLE]] as const) {
  Deno.test({
    name: `zone ${zones[0]}: ${cases.length} questions are answered as BIND answers them`,
    ignore,
    fn: () =>
      beside(zones, async (ours, binds) => {
        for (const args of cases) {
          const [a, b] = [await dig(ours, ...args), await dig(binds, ...args)];
          const { text: _a, ...left } = a;
          const { text: _b, ...right } = b;
          assert.deepEqual(left, right, `${args.join(" ")}\n${a.text}\n${b.text}`);
        }
      }),
  });
}

Deno.test({
  name: "NS-15: what software answers is told to nobody",
  ignore,
  fn: () =>
    beside([ZONE], async (ours) => {
      const { status, answer } = await dig(ours, "version.bind", "TXT", "-c", "CH");
      assert.equal(status, "REFUSED");
      assert.deepEqual(answer, []);
    }),
});

Deno.test({
  name: "NS-12: ANY gets one set, over TCP as well, and nothing where there is nothing",
  ignore,
  fn: () =>
    beside([ZONE], async (ours) => {
      for (const transport of ["+notcp", "+tcp"]) {
        const { status, answer } = await dig(ours, "_caldavs._tcp.example.com", "ANY", transport);
        assert.equal(status, "NOERROR");
        assert.equal(answer.length, 1);
      }
      const nothing = await dig(ours, "_x._tcp.example.com", "ANY");
      assert.equal(nothing.status, "NXDOMAIN");
    }),
});

Deno.test({
  name: "NS-1: kdig asks several times on one connection; delv takes the answers for well-formed",
  ignore,
  fn: () =>
    beside([ZONE], async (ours) => {
      const at = ["@127.0.0.1", "-p", String(ours)];
      const kdig = await run("kdig", [
        ...at,
        "+tcp",
        "+keepopen",
        "+short",
        "_imaps._tcp.example.com",
        "SRV",
        "_submissions._tcp.example.com",
        "SRV",
      ]);
      assert.equal(kdig.text, "0 1 993 mail.example.com.\n0 1 465 mail.example.com.\n");
      const delv = await run("delv", [
        ...at,
        "-i",
        "+nodlv",
        "_imap._tcp.example.com",
        "SRV",
      ]);
      assert.match(delv.text, /_imap\._tcp\.example\.com\.\s+300\s+IN\s+SRV\s+0 0 0 \./);
    }),
});

Deno.test({
  name: "NS-17: a flood from one network is cut, then dropped; TCP goes on",
  ignore,
  fn: () =>
    beside([ZONE], async (ours) => {
      const flags: Array<string> = [];
      for (let i = 0; i < 8; i++) {
        const dug = await dig(
          ours,
          "_imaps._tcp.example.com",
          "SRV",
          "+ignore",
          "+time=1",
        );
        flags.push(dug.status === "NOERROR" ? dug.flags : "dropped");
      }
      assert.ok(flags.includes("qr aa"));
      assert.ok(flags.includes("qr aa tc"), flags.join(", "));
      const tcp = await dig(ours, "_imaps._tcp.example.com", "SRV", "+tcp");
      assert.equal(tcp.answer.length, 1);
    }, 1),
});
