/** What the name servers of a domain get wrong, each told once, with the reason and what to do. autodiscovery.md §11.2 */
import assert from "node:assert/strict";
import { checkDomain } from "../../../../lib/discovery/check/check.ts";
import { exitStatus } from "../../../../lib/discovery/check/report.ts";
import { offerOf } from "../../../../lib/discovery/offer.ts";
import {
  at,
  bad,
  but,
  check,
  IMAPS,
  offer,
  right,
  SERVERS,
  soa,
  srv,
} from "../../../support/check_world.ts";
import { autoconfig, type Said, world } from "../../../support/discover_world.ts";

Deno.test("an address too many at a host of ours, of either family, is told", async () => {
  const four = await check(await but({ "A mail.example.com": ["198.41.0.4", "198.41.0.99"] }));
  const f = at(four, "host", "mail.example.com");
  assert.deepEqual([f.status, f.detail], ["extra", "not from here: 198.41.0.99"]);
  const six = await check(await but({ "AAAA mail.example.com": ["2001:db8::99"] }));
  assert.deepEqual(bad(six), ["extra host mail.example.com"]);
  const own = six.findings.find((x) => x.key === "host" && x.type === "AAAA");
  assert.deepEqual(own?.found, ["2001:db8::99"]);
});

Deno.test("an exchanger of a hoster with an autoconfig of its own is nobody's fault", async () => {
  const hosted = { ...offer, mx: [{ preference: 10, host: "mx1.hoster.test" }], mtaSts: null };
  const w = await but({
    "MX example.com": [{ preference: 10, exchange: "mx1.hoster.test" }],
    "A mx1.hoster.test": ["198.41.0.5"],
  });
  const r = await checkDomain(
    hosted,
    world({
      ...w,
      http: {
        ...w.http,
        "https://autoconfig.hoster.test/mail/config-v1.1.xml": autoconfig("imap.hoster.test", {
          domain: "hoster.test",
        }),
      },
    }).ports,
  );
  assert.deepEqual([at(r, "round-trip").status, at(r, "round-trip").detail], ["pass", ""]);
  // what the domain itself publishes still counts
  const foreign = await check(
    await but({
      "SRV _pop3s._tcp.example.com": [srv("pop.example.com", 995)],
      "A pop.example.com": ["198.41.0.9"],
    }),
  );
  assert.equal(at(foreign, "round-trip").status, "extra");
});

Deno.test("the order in which servers answer says nothing; the reason stands beside the servers", async () => {
  const key = "TXT s1._domainkey.example.com";
  const cut = ["v=DKIM1; k=rsa; p=AAAA"];
  const two = await check(
    await but({ [key]: [cut, ["v=DKIM1; k=rsa; p=BBBB"]] }, {
      servers: { [SERVERS[1]]: { [key]: [["v=DKIM1; k=rsa; p=BBBB"], cut] } },
    }),
  );
  const f = at(two, "dkim");
  assert.deepEqual([f.status, f.detail], ["drift", "differs from octet 23 on: it was cut"]);
  // and where they do differ
  const other = await check(
    await but({ [key]: [cut] }, { servers: { [SERVERS[1]]: { [key]: "nodata" } } }),
  );
  assert.match(
    at(other, "dkim").detail,
    /ns1\.example\.com \[192\.0\.2\.53\]: v=DKIM1.*it was cut/,
  );
  assert.match(at(other, "dkim").detail, /ns2\.example\.com \[192\.0\.2\.54\]: has none/);
});

Deno.test("SRV labels that nothing asks for are told; those that lead to us are a note", async () => {
  const r = await check(
    await but({
      "SRV _sieve._tcp.example.com": [srv("sieve.hoster.test", 4190)],
      "SRV _smtps._tcp.example.com": [srv("mail.example.com", 465)],
      "SRV _caldavs._tcp.example.com": [srv("cloud.hoster.test", 443)],
      "SRV _jmap._tcp.example.com": [srv("", 0)],
      "SRV _pop3s._tcp.example.com": [srv("pop.hoster.test", 995)],
    }),
  );
  const status = (label: string) =>
    r.findings.find((f) => f.subject === `${label}.example.com`)?.status;
  assert.deepEqual(
    ["_sieve._tcp", "_smtps._tcp", "_caldavs._tcp", "_jmap._tcp", "_pop3s._tcp"].map(status),
    ["extra", "info", "info", undefined, "drift"],
  );
  assert.match(at(r, "srv-left-over").remedy ?? "", /remove it/);
  // a site that says nothing about reading mail has no say in it
  const sender = offerOf({ domain: "example.com" }, {
    host: "mail.example.com",
    submission: [587],
    submissions: [],
    web: null,
  });
  const theirs = await checkDomain(sender, world(await right()).ports);
  assert.equal(at(theirs, "srv-left-over").status, "info");
});

Deno.test("another TTL is one note for all", async () => {
  const r = await checkDomain({ ...offer, ttl: 3600 }, world(await right()).ports);
  const f = at(r, "ttl");
  assert.deepEqual([f.status, f.expected], ["info", ["3600"]]);
  assert.ok(f.found.includes("_imaps._tcp.example.com SRV 60"));
  assert.match(f.remedy ?? "", /ttl_seconds/);
  assert.equal(r.findings.filter((x) => x.key === "ttl").length, 1);
  assert.equal((await check(await right())).findings.some((x) => x.key === "ttl"), false);
});

for (
  const [kind, status] of [
    ["timeout", "unknown"],
    ["unreachable", "unknown"],
    ["refused", "drift"],
    ["servfail", "drift"],
  ] as const
) {
  Deno.test(`a name server that is dead (${kind}) is one row`, async () => {
    const r = await check(await but({}, { servers: { [SERVERS[1]]: kind } }));
    assert.deepEqual(bad(r), [`${status} name-server ns2.example.com [192.0.2.54]`]);
    assert.match(at(r, "name-server").remedy ?? "", /runs, can be reached/);
    assert.deepEqual(r.servers.map((s) => s.serial), [7, null]);
  });
}

Deno.test("a name server without an address, and one that answers for a part only, are one row each", async () => {
  const none = await check(await but({ "A ns2.example.com": undefined }));
  assert.deepEqual(bad(none), ["missing name-server ns2.example.com"]);
  const half: Record<string, Said> = {};
  for (const key of Object.keys((await right()).dns ?? {})) {
    if (key.startsWith("SRV ") || key.startsWith("TXT ")) half[key] = "servfail";
  }
  const r = await check(await but({}, { servers: { [SERVERS[1]]: half } }));
  assert.deepEqual(bad(r), ["drift name-server ns2.example.com [192.0.2.54]"]);
  assert.ok(at(r, "name-server").found.includes("_imaps._tcp.example.com SRV"));
});

Deno.test("all name servers dead, and a resolver that knows nothing: one row, not one for each record", async () => {
  const w = await right();
  const dns = Object.fromEntries(
    Object.keys(w.dns ?? {}).map((k): readonly [string, Said] => [k, "timeout"]),
  );
  const r = await check({ ...w, dns, http: {}, probe: {} });
  const station = r.findings.filter((f) => f.station === "dns" && f.status === "unknown");
  assert.deepEqual(station.map((f) => f.key), ["not-known"]);
  assert.ok(!JSON.stringify(r.findings).includes("not authoritative"));
  assert.equal(exitStatus(r), 2);
});

Deno.test("a whole zone that is bogus is one row; its data are compared all the same", async () => {
  const w = await right();
  const dns = Object.fromEntries(
    Object.keys(w.dns ?? {}).map((k): readonly [string, Said] => [k, "bogus"]),
  );
  const r = await check({ ...w, dns, unchecked: { ...w.dns, [IMAPS]: [srv("old.test", 993)] } });
  const rows = r.findings.filter((f) =>
    f.station === "dns" && f.status !== "pass" && f.status !== "info"
  );
  assert.deepEqual(rows.map((f) => [f.status, f.key, f.subject]), [
    ["drift", "srv-imaps", "_imaps._tcp.example.com"],
    ["unknown", "zone-dnssec", "example.com"],
  ]);
  assert.match(at(r, "zone-dnssec").detail, /^bogus: .*whole zone/);
  assert.deepEqual(r.servers.map((s) => s.address), [...SERVERS]);
});

for (const kind of ["bogus", "servfail"] as const) {
  Deno.test(`one set with a bad signature is bogus, where the resolver says ${kind}`, async () => {
    const good = await right();
    const r = await check(
      await but({ [IMAPS]: kind }, { unchecked: { [IMAPS]: good.dns?.[IMAPS] ?? "nodata" } }),
    );
    const f = at(r, "srv-imaps");
    assert.equal(f.status, "unknown");
    assert.match(f.detail, /^bogus: .* this record set.*the data are right/);
    assert.match(f.remedy ?? "", /sign the zone again/);
  });
}

Deno.test("the parent zone names other servers than the zone, or none", async () => {
  const above = {
    "SOA com": soa(1),
    "NS com": ["a.gtld.test"],
    "A a.gtld.test": ["192.0.2.1"],
  };
  const look = async (said: ReadonlyArray<string> | "none" | "hidden") =>
    await check(await but(above, { delegations: { "example.com": said } }));
  const same = await look(["ns2.example.com", "ns1.example.com"]);
  assert.deepEqual([at(same, "delegation").status, bad(same)], ["pass", []]);
  const stale = at(await look(["ns1.example.com", "ns.old.test"]), "delegation");
  assert.equal(stale.status, "drift");
  assert.equal(
    stale.detail,
    "the parent zone names ns.old.test, the zone does not; " +
      "the zone names ns2.example.com, the parent zone does not",
  );
  assert.match(stale.remedy ?? "", /registrar/);
  assert.equal(at(await look("none"), "delegation").status, "missing");
  assert.ok(!(await look("hidden")).findings.some((f) => f.key === "delegation"));
});

Deno.test("a zone of our own name server must be delegated to the servers that are configured", async () => {
  const zone = "_tcp.example.com";
  const look = async (said: ReadonlyArray<string> | "none") => {
    const w = await but({}, { delegations: { [zone]: said } });
    return await checkDomain(offer, world(w).ports, { delegated: [zone], ns: ["ns1.example.com"] });
  };
  assert.equal(at(await look(["ns1.example.com"]), "delegation", zone).status, "pass");
  assert.equal(at(await look(["ns9.example.com"]), "delegation", zone).status, "drift");
  assert.equal(at(await look("none"), "delegation", zone).status, "missing");
});

Deno.test("every finding that is not right ends with its remedy", async () => {
  const broken = await check(
    await but({
      [IMAPS]: [srv("old.test", 993)],
      "TXT example.com": [["v=spf1 +all"]],
      "A mx.example.com": undefined,
      "CNAME autoconfig.example.com": undefined,
      "SRV _sieve._tcp.example.com": [srv("old.test", 4190)],
    }, { servers: { [SERVERS[1]]: "timeout" }, http: {}, probe: {} }),
  );
  const wrong = broken.findings.filter((f) => f.status !== "pass");
  assert.ok(wrong.length > 10);
  assert.deepEqual(wrong.filter((f) => (f.remedy ?? "") === ""), []);
  assert.deepEqual(
    broken.findings.filter((f) => f.status === "pass" && f.remedy !== undefined),
    [],
  );
});
