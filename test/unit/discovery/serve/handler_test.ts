import assert from "node:assert/strict";
import { LANGUAGES } from "../../../../lib/discovery/serve/language.ts";
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
      // threats.md row 35: a host that only looks like ours, and a path that climbs
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

const show = (address: string, headers: Record<string, string> = {}) =>
  get(`https://mail.example.com/?address=${encodeURIComponent(address)}`, { headers });

for (const hidden of ["\u202e", "\u0085", "\u2066", "\u200b", "\ufeff", "\u2028", "\0"]) {
  const code = hidden.codePointAt(0)?.toString(16).toUpperCase() ?? "";
  Deno.test(`an address with U+${code} is refused, and no page or document repeats it`, async () => {
    for (const address of [`a${hidden}b@example.com`, `a@exam${hidden}ple.com`]) {
      const page = await show(address);
      const text = await page.text();
      assert.equal(page.status, 400);
      assert.ok(!text.includes(hidden));
      assert.ok(text.includes(`\\u{${code}}`));
      assert.match(text, /cannot be seen/);
      const of = `emailaddress=${encodeURIComponent(address)}`;
      const profile = await get(`https://mail.example.com/.well-known/mobileconfig?${of}`);
      assert.equal(profile.status, 400);
    }
  });
}

Deno.test("joiners that a script is spelt with are letters of an address. RFC 5892 appendix A", async () => {
  assert.equal((await show("\u0645\u06cc\u200c\u062e@example.com")).status, 200);
});

Deno.test("the page isolates what others wrote from its own text", async () => {
  const text = await (await show("\u05d0\u05d1@example.com")).text();
  assert.ok(text.includes("<strong><bdi>\u05d0\u05d1@example.com</bdi></strong>"));
  assert.match(await (await show("a@\u05d0.example")).text(), /<bdi>\u05d0\.example<\/bdi>/);
});

for (
  const [entered, want] of [
    ["alice@exmaple.com", "alice@example.com"],
    ["alice@example.con", "alice@example.com"],
    ["alice@exampel.com", "alice@example.com"],
    ["alice", null], // two domains are at home here
    ["alice@provider.net", null],
    ["alice@example.orx", "alice@example.org"],
    ["al ice@exmaple.com", null],
  ] as const
) {
  Deno.test(`the page ${want === null ? "proposes nothing" : `proposes ${want}`} for ${entered}`, async () => {
    const page = await show(entered);
    assert.ok(page.status === 400 || page.status === 404);
    const near = /Did you mean <a href="([^"]*)"/.exec(await page.text())?.[1] ?? null;
    assert.equal(near, want === null ? null : `/?address=${encodeURIComponent(want)}`);
  });
}

Deno.test("the page of one domain completes what has none", async () => {
  for (const entered of ["alice", "alice@"]) {
    const r = await get(`https://example.com/?address=${entered}`);
    assert.match(await r.text(), /Did you mean <a href="\/\?address=alice%40example.com"/);
  }
});

for (
  const [header, want] of [
    [null, "en"],
    ["", "en"],
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["fr-CA", "fr"],
    ["ja, es;q=0.5, en;q=0.4", "es"],
    ["it;q=0, en;q=0.1", "en"],
    ["en;q=0.2, IT;q=0.7", "it"],
    ["*", "en"],
    ["de;q=banana, fr;q=0.1", "fr"],
    ["zh".repeat(5_000), "en"],
  ] as const
) {
  Deno.test(`the page is in ${want} for "${header?.slice(0, 40)}". RFC 9110 \u00a712.5.4`, async () => {
    const page = await show("a@example.com", header === null ? {} : { "accept-language": header });
    assert.equal(page.headers.get("content-language"), want);
    assert.equal(page.headers.get("vary"), "Accept-Language");
    assert.ok((await page.text()).includes(`<html lang="${want}" dir="ltr">`));
  });
}

/** Every text of a language by its path. */
const textsOf = (value: unknown, path = ""): ReadonlyArray<readonly [string, string]> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([k, v]) => textsOf(v, `${path}.${k}`))
    : [[path, String(value)]];

for (const words of LANGUAGES) {
  Deno.test(`the page has every text in ${words.lang}, with the same places to fill`, () => {
    const [standard] = LANGUAGES;
    const slots = (text: string) => text.match(/\{[a-z]+\}/g)?.join() ?? "";
    const own = textsOf(words);
    assert.ok(own.every(([, text]) => text.trim() === text && text !== ""));
    assert.deepEqual(
      own.map(([path, text]) => `${path} ${slots(text)}`),
      textsOf(standard).map(([path, text]) => `${path} ${slots(text)}`),
    );
  });
}
