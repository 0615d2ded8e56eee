import assert from "node:assert/strict";
import { Cache } from "../../../lib/dns/cache.ts";
import type { Told } from "../../../lib/dns/exchange.ts";

const seen = { ttl: 60, ad: false, authoritative: false, aliases: [] };
const txt = (octets: number): Told => ({ _tag: "Records", ...seen, records: [["x"]], octets });

Deno.test("Cache holds no more than 10,000 answers and 16 MiB, and drops the oldest", () => {
  const cache = new Cache();
  for (let i = 0; i < 12_000; i++) cache.put(`n${i}.test`, "TXT", txt(10), 0);
  assert.equal(cache.get("n0.test", "TXT", 1), null);
  assert.equal(cache.get("n1999.test", "TXT", 1), null);
  assert.ok(cache.get("n2000.test", "TXT", 1) !== null);
  for (let i = 0; i < 300; i++) cache.put(`big${i}.test`, "TXT", txt(65_000), 0);
  assert.equal(cache.get("big0.test", "TXT", 1), null);
  assert.ok(cache.get("big299.test", "TXT", 1) !== null);
});

Deno.test("Cache takes NXDOMAIN for every type of the name. RFC 2308 §5", () => {
  const cache = new Cache();
  cache.put("no.test", "MX", { _tag: "NoSuchDomain", ...seen }, 0);
  assert.equal(cache.get("no.test", "A", 1)?._tag, "NoSuchDomain");
  // behind an alias it is another name that does not exist
  cache.put("alias.test", "MX", { _tag: "NoSuchDomain", ...seen, aliases: ["no.test"] }, 0);
  assert.equal(cache.get("alias.test", "A", 1), null);
  assert.equal(cache.get("alias.test", "MX", 1)?._tag, "NoSuchDomain");
});

Deno.test("Cache keeps nothing with a time to live of 0, nor across a clock set back", () => {
  const cache = new Cache();
  cache.put("zero.test", "A", { _tag: "NoData", ...seen, ttl: 0 }, 1_000);
  assert.equal(cache.get("zero.test", "A", 1_000), null);
  cache.put("a.test", "A", { _tag: "NoData", ...seen }, 1_000_000);
  assert.equal(cache.get("a.test", "A", 999_000), null);
});

Deno.test("Cache believes no answer for longer than an hour, whatever it says of itself. RFC 8767 §4", () => {
  const cache = new Cache();
  cache.put("long.test", "A", { _tag: "NoData", ...seen, ttl: 2 ** 31 - 1 }, 0);
  assert.equal(cache.get("long.test", "A", 3_599_999)?._tag, "NoData");
  assert.equal(cache.get("long.test", "A", 3_600_000), null);
});
