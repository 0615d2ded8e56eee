import assert from "node:assert/strict";
import { makeHandler } from "../../../../lib/discovery/serve/handler.ts";
import { offerOf } from "../../../../lib/discovery/offer.ts";
import { paccDigest } from "../../../../lib/discovery/pacc.ts";
import { fullOffer, OWN } from "../../../support/offers.ts";

const other = offerOf({ domain: "example.org" }, OWN);
const handler = makeHandler({ offers: [fullOffer(), other], autodiscoverV2: true });
const get = (url: string, init: RequestInit = {}) => handler(new Request(url, init));

const AUTOCONFIG = "/mail/config-v1.1.xml";
const WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml";
const PACC = "/.well-known/user-agent-configuration.json";

Deno.test("autoconfig AC-1..AC-4: one document for every path, address and local part", async () => {
  const urls = [
    `https://autoconfig.example.com${AUTOCONFIG}`,
    `https://example.com${WELL_KNOWN}`,
    `https://mail.example.com${AUTOCONFIG}?emailaddress=a@example.com`,
    `https://mail.example.com${AUTOCONFIG}?emailaddress=nobody@EXAMPLE.com`,
    `https://autoconfig.example.com${AUTOCONFIG}?emailmd5=0123&emailaddress=%25EMAILADDRESS%25`,
  ];
  const all = await Promise.all(urls.map(async (u) => {
    const r = await get(u, { headers: { authorization: "Basic eDp5" } });
    assert.equal(r.status, 200, u);
    assert.equal(r.headers.get("content-type"), "text/xml; charset=utf-8");
    assert.equal(r.headers.get("access-control-allow-origin"), "*");
    return await r.text();
  }));
  assert.equal(new Set(all).size, 1);
  assert.ok(all[0]?.includes("<username>%EMAILADDRESS%</username>"));
});

Deno.test("autoconfig AC-2: HEAD is GET without its body, other methods are refused", async () => {
  const head = await get(`https://autoconfig.example.com${AUTOCONFIG}`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  const got = await get(`https://autoconfig.example.com${AUTOCONFIG}`, {});
  const octets = (await got.arrayBuffer()).byteLength;
  assert.equal(head.headers.get("content-length"), String(octets)); // RFC 9110 §8.6
  const put = await get(`https://autoconfig.example.com${AUTOCONFIG}`, { method: "PUT" });
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("allow"), "GET, HEAD");
});

Deno.test("autoconfig AC-17: an unknown domain gets 404, whatever else it sends", async () => {
  for (
    const url of [
      `https://autoconfig.example.net${AUTOCONFIG}`,
      `https://autoconfig.example.com${AUTOCONFIG}?emailaddress=a@example.net`,
      // threat 35: a host that only looks like ours, and a path that climbs
      `https://autoconfig.example.com.evil.example${AUTOCONFIG}`,
      "https://autoconfig.example.com/mail/../../etc/passwd",
      "https://autoconfig.example.com/mail/%2e%2e/config-v1.1.xml",
    ]
  ) assert.equal((await get(url)).status, 404, url);
});

Deno.test("kept documents answer If-None-Match with 304", async () => {
  const url = `https://autoconfig.example.com${AUTOCONFIG}`;
  const etag = (await get(url)).headers.get("etag") ?? "";
  const again = await get(url, { headers: { "if-none-match": `"x", W/${etag}` } });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), "");
});

Deno.test("PACC PC-1, PC-12, PC-14: the octets that the digest in DNS is of", async () => {
  const r = await get(`https://ua-auto-config.example.com${PACC}`);
  assert.equal(r.headers.get("content-type"), "application/json");
  assert.equal(r.headers.get("cache-control"), "no-transform, max-age=300");
  const body = await r.text();
  const records = await import("../../../../lib/discovery/expected.ts");
  const said = (await records.expectedRecords(fullOffer())).find((e) => e.key === "pacc-digest");
  assert.deepEqual(said?.data, { type: "TXT", text: await paccDigest(body) });
  assert.equal((await get(`https://ua-auto-config.example.net${PACC}`)).status, 404);
});

Deno.test("MTA-STS: the policy stands under its own host name only. RFC 8461 §3.3", async () => {
  const path = "/.well-known/mta-sts.txt";
  const r = await get(`https://mta-sts.example.com${path}`);
  assert.equal(
    await r.text(),
    "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n",
  );
  assert.equal((await get(`https://example.com${path}`)).status, 404);
  assert.equal((await get(`https://mta-sts.example.org${path}`)).status, 404);
});

Deno.test("well-known names lead on to the service, and never in a circle", async () => {
  const dav = await get("https://example.com/.well-known/caldav");
  assert.equal(dav.status, 307);
  assert.equal(dav.headers.get("location"), "https://mail.example.com/dav/cal");
  const jmap = await get("https://mail.example.com/.well-known/jmap");
  assert.equal(jmap.status, 404);
});

Deno.test("a request address beyond 8 KiB is refused", async () => {
  assert.equal((await get(`https://example.com/?address=${"a".repeat(9000)}`)).status, 414);
});

Deno.test("healthz answers", async () => {
  assert.equal((await get("https://anything.example/healthz")).status, 200);
});
