/** GET /v1/discover. autodiscovery.md §9.8 */
import assert from "node:assert/strict";
import { discover } from "../../../../lib/discovery/discover/discover.ts";
import {
  discoverEndpoint,
  type DiscoverEndpointOptions,
} from "../../../../lib/discovery/serve/discover_endpoint.ts";
import { srv, type World, world } from "../../../support/discover_world.ts";

const inside: World = {
  dns: {
    "SOA example.com": "nodata",
    "SRV _imaps._tcp.example.com": [srv("mail.example.com", 993)],
    "SRV _submissions._tcp.example.com": [srv("mail.example.com", 465)],
    "A mail.example.com": ["192.0.2.1"],
  },
};

const endpoint = (w: World, more: Partial<DiscoverEndpointOptions> = {}) => {
  let asked = 0;
  let clock = 1_000_000;
  const handle = discoverEndpoint({
    discover: (address) => {
      asked++;
      return discover(address, world(w).ports);
    },
    now: () => clock,
    requestsPerMinute: 5,
    requestsPerDomainPerMinute: 3,
    ...more,
  });
  return {
    get: (query: string, client = "c") =>
      handle(new Request(`https://x.test/v1/discover${query}`), client),
    post: (body: string, client = "c") =>
      handle(new Request("https://x.test/v1/discover", { method: "POST", body }), client),
    handle,
    asked: () => asked,
    later: (ms: number) => {
      clock += ms;
    },
  };
};

Deno.test("GET and POST give the same JSON, kept for its time to live", async () => {
  const e = endpoint(inside);
  const first = await e.get("?address=user%40example.com");
  assert.equal(first?.status, 200);
  assert.equal(first?.headers.get("content-type"), "application/json");
  const r = await first?.json();
  assert.deepEqual([r.version, r.verdict, r.domain], [1, "ok", "example.com"]);
  const again = await (await e.post('{"email":"user@example.com","options":{}}'))?.json();
  assert.deepEqual(again, r);
  assert.equal(e.asked(), 1);
  e.later(61_000);
  await e.get("?email=user%40example.com");
  assert.equal(e.asked(), 2);
});

Deno.test("what is no address is refused with 400, another method with 405, another path is not ours", async () => {
  const e = endpoint(inside, { requestsPerMinute: 100 });
  for (
    const q of ["", "?address=", "?address=localhost", `?address=${"a".repeat(400)}@example.com`]
  ) {
    assert.equal((await e.get(q))?.status, 400, q);
  }
  for (const body of ["", "[]", "{", '{"email":7}', "x".repeat(10_000)]) {
    assert.equal((await e.post(body))?.status, 400, body.slice(0, 9));
  }
  const put = await e.handle(new Request("https://x.test/v1/discover", { method: "PUT" }), "c");
  assert.equal(put?.status, 405);
  assert.equal(await e.handle(new Request("https://x.test/v1/other"), "c"), null);
});

Deno.test("429 for a client, and for a domain that many ask about; the next minute is another one", async () => {
  const e = endpoint({ ...inside, dns: { ...inside.dns, "MX x.example.com": "nodata" } });
  for (let i = 0; i < 5; i++) await e.get(`?address=u${i}%40d${i}.test`);
  const sixth = await e.get("?address=u%40z.test");
  assert.deepEqual([sixth?.status, sixth?.headers.get("retry-after")], [429, "60"]);
  assert.equal((await e.get("?address=u%40z.test", "other"))?.status, 200);
  for (let i = 0; i < 3; i++) await e.get(`?address=u${i}%40example.com`, `c${i}`);
  assert.equal((await e.get("?address=u9%40example.com", "c9"))?.status, 429);
  e.later(60_000);
  assert.equal((await e.get("?address=u9%40example.com"))?.status, 200);
});

Deno.test("503 where it is not known, which is not kept", async () => {
  const e = endpoint({
    dns: { "SOA example.com": "nodata", "SRV _imaps._tcp.example.com": "servfail" },
  });
  assert.equal((await e.get("?address=example.com"))?.status, 503);
  await e.get("?address=example.com");
  assert.equal(e.asked(), 2);
});

Deno.test("nothing that was fetched, and nothing of our network, is passed on", async () => {
  const e = endpoint({
    dns: { "SOA example.com": "nodata" },
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": "<secret>10.0.0.1</secret>",
      "https://example.com/autodiscover/autodiscover.xml": { fails: "forbidden" },
    },
  });
  const text = await (await e.get("?address=example.com"))?.text() ?? "";
  assert.ok(!text.includes("secret") && !text.includes("10.0.0.1"));
  assert.ok(JSON.parse(text).attempts.every((a: { detail: unknown }) => a.detail === null));
});
