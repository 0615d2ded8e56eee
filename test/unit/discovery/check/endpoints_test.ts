/** Endpoints and servers that are wrong, told from those that could not be asked. autodiscovery.md §11.2 */
import assert from "node:assert/strict";
import { checkDomain } from "../../../../lib/discovery/check/check.ts";
import { checkServers } from "../../../../lib/discovery/check/connect.ts";
import { at, check, offer, right } from "../../../support/check_world.ts";
import { type Page, world } from "../../../support/discover_world.ts";

const URLS = [
  ["http-autoconfig", "https://autoconfig.example.com/mail/config-v1.1.xml"],
  ["http-pacc", "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json"],
  ["http-autodiscover", "https://autodiscover.example.com/autodiscover/autodiscover.xml"],
  ["http-mta-sts", "https://mta-sts.example.com/.well-known/mta-sts.txt"],
] as const;

for (
  const [name, page, status] of [
    ["refused", { fails: "connect", reason: "ECONNREFUSED" }, "missing"],
    ["500", { status: 500 }, "drift"],
    ["503", { status: 503 }, "drift"],
    ["404", { status: 404 }, "missing"],
    ["closed in the middle", { fails: "connect", reason: "ECONNRESET" }, "drift"],
    ["no route from here", { fails: "connect", reason: "ENETUNREACH" }, "unknown"],
    ["silent", { fails: "timeout" }, "unknown"],
    ["no DNS", { fails: "dns" }, "unknown"],
    ["given up", { fails: "aborted" }, "unknown"],
    ["a private address", { fails: "forbidden" }, "unknown"],
    ["endless", { fails: "too-big" }, "drift"],
    ["a redirect to clear text", { status: 302, location: "http://example.com/" }, "drift"],
    ["another certificate", { fails: "tls" }, "drift"],
  ] as ReadonlyArray<readonly [string, Page, string]>
) {
  Deno.test(`checkDomain() endpoints: ${name} is ${status}`, async () => {
    const w = await right();
    const pages = Object.fromEntries(URLS.map(([, url]) => [url, page]));
    const r = await check({ ...w, http: { ...w.http, ...pages } });
    for (const [key, url] of URLS) {
      const f = at(r, key, url);
      assert.equal(f.status, status, `${url}: ${f.detail}`);
      assert.notEqual(f.remedy ?? "", "");
    }
  });
}

Deno.test("checkDomain() what the apex answers at a place that clients need not have is a note", async () => {
  const url = "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml";
  const w = await right();
  for (const page of [{ fails: "tls" }, { fails: "connect" }, { status: 500 }] as const) {
    const r = await check({ ...w, http: { ...w.http, [url]: page } });
    assert.equal(at(r, "http-autoconfig", url).status, "info");
    assert.equal(at(r, "round-trip").status, "pass");
  }
});

Deno.test("checkServers() asks for a certificate of the host itself, whatever SRV would allow", async () => {
  const watched = world(await right());
  await checkServers(offer, watched.ports, AbortSignal.timeout(1_000));
  assert.deepEqual(watched.probes.map((p) => [p.host, p.names, p.srvIds]), [
    ["mail.example.com", [], []],
    ["mail.example.com", [], []],
  ]);
});

Deno.test("checkDomain() a certificate for the mail domain alone is wrong at every port", async () => {
  const w = await right();
  const odd = {
    ...offer,
    services: offer.services.map((s) => s.kind === "submission" ? { ...s, port: 2465 } : s),
  };
  const names = ["example.com"];
  const reason = "the certificate is not for mail.example.com";
  const probe = Object.fromEntries([993, 2465].map((port) => [
    `mail.example.com:${port}`,
    {
      state: "name-mismatch",
      reason,
      certificate: { names, notAfter: "2027-03-01T00:00:00.000Z", spkiSha256: "", sha256: "" },
    } as const,
  ]));
  const r = await checkDomain(odd, world({ ...w, probe }).ports);
  for (const port of [993, 2465]) {
    const f = at(r, "certificate", `mail.example.com:${port}`);
    assert.deepEqual([f.status, f.expected, f.found, f.detail], [
      "drift",
      ["mail.example.com"],
      names,
      reason,
    ]);
    assert.match(f.remedy ?? "", /get a certificate that names mail\.example\.com/);
  }
});
