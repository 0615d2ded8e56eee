/** The loop of a domain, right and broken in every way that autodiscovery.md §11 names. */
import assert from "node:assert/strict";
import { checkDomain } from "../../../../lib/discovery/check/check.ts";
import { changes, exitStatus } from "../../../../lib/discovery/check/report.ts";
import { autoconfigDocument } from "../../../../lib/discovery/autoconfig.ts";
import type { DnsRecords } from "../../../../lib/ports/dns.ts";
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
  tls,
} from "../../../support/check_world.ts";
import { type World, world } from "../../../support/discover_world.ts";

Deno.test("checkDomain() finds all right where it is, twice the same", async () => {
  const r = await check(await right());
  assert.deepEqual(bad(r), []);
  assert.equal(exitStatus(r), 0);
  assert.deepEqual(r.servers.map((s) => [s.address, s.serial]), [[SERVERS[0], 7], [SERVERS[1], 7]]);
  assert.ok(r.findings.length > 20);
  assert.deepEqual((await check(await right())).findings, r.findings);
});

Deno.test("NS-23: a DS for a zone that our name server serves unsigned is a conflict", async () => {
  const w = await right();
  const zone = "_tcp.example.com";
  const look = (dns: World["dns"]) =>
    checkDomain(offer, world({ ...w, dns: { ...w.dns, ...dns } }).ports, {
      delegated: [zone, "_tcp.example.net"],
    });
  assert.equal(at(await look({}), "delegation-ds").status, "pass");
  const ds = { keyTag: 7, algorithm: 13, digestType: 2, digest: "ab12" };
  const f = at(await look({ [`DS ${zone}`]: [ds] }), "delegation-ds");
  assert.deepEqual([f.subject, f.status, f.found], [zone, "conflict", ["7 13 2 ab12"]]);
});

Deno.test("a record that is not there is missing", async () => {
  const r = await check(await but({ [IMAPS]: undefined }));
  const f = at(r, "srv-imaps");
  assert.deepEqual([f.status, f.expected, f.found], ["missing", ["0 1 993 mail.example.com."], []]);
  assert.equal(exitStatus(r), 1);
  assert.equal(at(r, "round-trip").status, "pass"); // autoconfig still leads there
});

Deno.test("a record with another value is told with both", async () => {
  const r = await check(await but({ [IMAPS]: [srv("old.example.com", 993)] }));
  const f = at(r, "srv-imaps");
  assert.deepEqual([f.status, f.expected, f.found], [
    "drift",
    ["0 1 993 mail.example.com."],
    ["0 1 993 old.example.com."],
  ]);
});

Deno.test("a record beside the right one, and a root target beside it, are told", async () => {
  const extra = await check(
    await but({ [IMAPS]: [srv("mail.example.com", 993), srv("x.test", 1)] }),
  );
  assert.equal(at(extra, "srv-imaps").status, "extra");
  const mixed = await check(await but({ [IMAPS]: [srv("mail.example.com", 993), srv("", 0)] }));
  assert.equal(at(mixed, "srv-imaps").status, "conflict"); // SRV-6
});

Deno.test("a target that is an alias, or has no address. SRV-7", async () => {
  const alias = await check(
    await but({ "A mail.example.com": { alias: "real.example.com", records: ["198.41.0.4"] } }),
  );
  assert.equal(at(alias, "target", "mail.example.com").status, "conflict");
  const none = await check(await but({ "A mx.example.com": undefined }));
  assert.equal(at(none, "target", "mx.example.com").status, "missing");
});

Deno.test("SERVFAIL is not known, and weighs most. autodiscovery.md §11.1", async () => {
  const r = await check(await but({ [IMAPS]: "servfail" }));
  assert.equal(at(r, "srv-imaps").status, "unknown");
  assert.equal(exitStatus(r), 2);
});

Deno.test("a wildcard that answers in place of a record is told. UN-3", async () => {
  const w = await but({ "CNAME autoconfig.example.com": undefined });
  const http = Object.fromEntries(
    Object.entries(w.http ?? {}).filter(([u]) => !u.includes("autoconfig.example.com/")),
  );
  const r = await check({
    ...w,
    http,
    wildcard: (name, type) =>
      name.endsWith(".example.com") && type === "A" ? ["203.0.113.9"] : undefined,
  });
  assert.equal(at(r, "autoconfig").status, "shadowed");
  assert.equal(at(r, "wildcard-shadow", "*.example.com").status, "info");
});

Deno.test("a host that has its target's addresses instead of the alias is right", async () => {
  const r = await check(
    await but({
      "CNAME autoconfig.example.com": undefined,
      "A autoconfig.example.com": ["198.41.0.6"],
    }),
  );
  assert.deepEqual([at(r, "autoconfig").status, at(r, "autoconfig").detail], [
    "pass",
    "has the addresses of its target",
  ]);
});

Deno.test("a name server that is behind has not got it yet", async () => {
  const r = await check(
    await but({}, {
      servers: { [SERVERS[1]]: { "SOA example.com": soa(6), [IMAPS]: "nodata" } },
    }),
  );
  const f = at(r, "srv-imaps");
  assert.equal(f.status, "pending");
  assert.match(f.detail, /ns2\.example\.com \[192\.0\.2\.54\]/);
});

Deno.test("a name server with the same serial and other data is wrong, and named", async () => {
  const r = await check(
    await but({}, { servers: { [SERVERS[1]]: { [IMAPS]: [srv("old.example.com", 993)] } } }),
  );
  const f = at(r, "srv-imaps");
  assert.equal(f.status, "drift");
  assert.match(f.detail, /not at ns2\.example\.com/);
});

Deno.test("a resolver that still keeps the old value: not yet everywhere", async () => {
  const good = await right();
  const r = await check(
    await but({ [IMAPS]: [srv("old.example.com", 993)] }, {
      servers: Object.fromEntries(
        SERVERS.map((s) => [s, { [IMAPS]: good.dns?.[IMAPS] ?? "nodata" }]),
      ),
    }),
  );
  assert.equal(at(r, "srv-imaps").status, "pending");
});

Deno.test("TXT: cut by a panel, twice SPF, white space that does not matter. autodiscovery.md §11.3", async () => {
  const key = `v=DKIM1; k=rsa; p=${"A".repeat(392)}`;
  const cut = await check(await but({ "TXT s1._domainkey.example.com": [[key.slice(0, 255)]] }));
  assert.deepEqual([at(cut, "dkim").status, at(cut, "dkim").detail], [
    "drift",
    "differs from octet 256 on: it was cut",
  ]);
  const spaced = await check(
    await but({ "TXT s1._domainkey.example.com": [[key.slice(0, 100), key.slice(100)]] }),
  );
  assert.equal(at(spaced, "dkim").status, "pass");
  const twice = await check(
    await but({ "TXT example.com": [["v=spf1 mx -all"], ["v=spf1 a -all"], ["other"]] }),
  );
  assert.equal(at(twice, "spf").status, "extra");
  const wider = await check(
    await but({ "TXT example.com": [["v=spf1 include:x.test MX ~all"], ["MS=1"]] }),
  );
  assert.equal(at(wider, "spf").status, "pass");
  assert.ok(
    wider.clients.find((c) => c.client.startsWith("Outlook"))?.problems.some((p) =>
      p.includes("MS= token") // AD-16
    ),
  );
});

Deno.test("SPF that needs more than ten look-ups, through what it includes. autodiscovery.md §11.3", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [`TXT s${i}.test`, [[`v=spf1 a mx -all`]]]),
  );
  const r = await check(
    await but({
      ...many,
      "TXT example.com": [[
        `v=spf1 mx ${[0, 1, 2, 3].map((i) => `include:s${i}.test`).join(" ")} -all`,
      ]],
    }),
  );
  assert.deepEqual([at(r, "spf-lookups").status, at(r, "spf-lookups").found], ["conflict", ["11"]]);
  const loop = await check(await but({ "TXT example.com": [["v=spf1 mx redirect=example.com"]] }));
  assert.equal(at(loop, "spf-lookups").status, "conflict");
});

Deno.test("endpoints: not there, wrong certificate, other servers, wrong type. AC-1", async () => {
  const url = "https://autoconfig.example.com/mail/config-v1.1.xml";
  const w = await right();
  const withPage = (page: NonNullable<World["http"]>[string]) =>
    check({ ...w, http: { ...w.http, [url]: page } });
  assert.equal(at(await withPage({ status: 404 }), "http-autoconfig", url).status, "missing");
  assert.equal(at(await withPage({ fails: "tls" }), "http-autoconfig", url).status, "drift");
  assert.equal(at(await withPage({ fails: "timeout" }), "http-autoconfig", url).status, "unknown");
  const typed = await withPage({ contentType: "text/html", body: autoconfigDocument(offer) });
  assert.match(at(typed, "http-autoconfig", url).detail, /served as text\/html/);
  assert.ok(
    typed.clients.find((c) => c.client === "Thunderbird")?.problems.some((p) =>
      p.includes("not read")
    ),
  );
  const other = autoconfigDocument(offer).replaceAll("mail.example.com", "old.example.com");
  assert.equal(
    at(await withPage({ contentType: "text/xml", body: other }), "http-autoconfig", url).status,
    "drift",
  );
});

Deno.test("PACC: the body against every digest. PC-3, PC-12", async () => {
  const w = await right();
  const [now] = w.dns?.["TXT _ua-auto-config.example.com"] as ReadonlyArray<DnsRecords["TXT"]>;
  const both = await check(
    await but({
      "TXT _ua-auto-config.example.com": [["v=UAAC1; a=sha256; d=AAAA"], now ?? []],
    }),
  );
  assert.deepEqual([at(both, "http-pacc").status, at(both, "http-pacc").found.length], ["pass", 2]);
  const none = await check(
    await but({ "TXT _ua-auto-config.example.com": [["v=UAAC1; a=sha256; d=AAAA"]] }),
  );
  assert.match(at(none, "http-pacc").detail, /no digest/);
});

Deno.test("servers: certificate, its end, ways to sign in", async () => {
  const w = await right();
  const withProbe = (p: NonNullable<World["probe"]>[string]) =>
    check({ ...w, probe: { ...w.probe, "mail.example.com:993": p } });
  const name = await withProbe({ ...tls, state: "name-mismatch", reason: "is not for it" });
  assert.equal(at(name, "certificate", "mail.example.com:993").status, "drift");
  const soon = await withProbe({
    ...tls,
    certificate: { ...tls.certificate, notAfter: "2026-11-30T00:00:00.000Z" },
  });
  assert.deepEqual(
    [
      at(soon, "certificate", "mail.example.com:993").status,
      at(soon, "certificate", "mail.example.com:993").detail,
    ],
    ["drift", "good for 6 days"],
  );
  const auth = await withProbe({ ...tls, mechanisms: ["SCRAM-SHA-256"] });
  assert.match(at(auth, "auth", "mail.example.com:993").detail, /not offered: password/);
  const gone = await withProbe({ state: "refused" });
  assert.equal(at(gone, "connect", "mail.example.com:993").status, "missing");
});

Deno.test("TLSA at port and target host is compared with the key of the server. RFC 7673", async () => {
  const tlsa = (data: string) => [{ usage: 3, selector: 1, matching: 1, data }];
  const key = "TLSA _993._tcp.mail.example.com";
  const same = await check(await but({ [key]: tlsa("ab".repeat(32)) }));
  assert.equal(at(same, "tlsa").status, "pass");
  const other = await check(await but({ [key]: tlsa("00".repeat(32)) }));
  assert.equal(at(other, "tlsa").status, "drift");
});

Deno.test("changes() tells what went wrong and what is well again, once", async () => {
  const good = (await check(await right())).findings;
  const broken = (await check(await but({ [IMAPS]: undefined }))).findings;
  const fell = changes(good, broken);
  assert.deepEqual(fell.map((c) => [c.now.key, c.before?.status, c.now.status]), [
    ["srv-imaps", "pass", "missing"],
  ]);
  assert.deepEqual(changes(broken, broken), []);
  assert.deepEqual(changes(broken, good).map((c) => c.now.status), ["pass"]);
  assert.deepEqual(changes([], good), []);
});
