import assert from "node:assert/strict";
import { SentAhead } from "../../../../lib/relay/lane/ahead.ts";

const MINUTE = 60_000;
const at = (port: number) => ({ _tag: "Tcp", address: "192.0.2.1", port }) as const;

Deno.test("SentAhead lets one message find out, and remembers what the host has shown", () => {
  let now = 0;
  const a = new SentAhead(() => now);
  assert.equal(a.behind(at(25), false), "wait");
  assert.equal(a.behind(at(25), true), "try");
  // while it is on its way nobody else tries, nor goes ahead
  assert.equal(a.behind(at(25), true), "wait");
  a.shown(at(25), true);
  assert.equal(a.behind(at(25), false), "go");
  now += 365 * 24 * 60 * MINUTE;
  assert.equal(a.behind(at(25), false), "go");
  a.shown(at(25), false);
  assert.equal(a.behind(at(25), true), "wait");
});

Deno.test("SentAhead leaves a host that refuses in peace for a day, and others alone", () => {
  let now = 0;
  const a = new SentAhead(() => now);
  a.shown(at(25), false);
  assert.equal(a.behind(at(26), true), "try");
  now = 24 * 60 * MINUTE - 1;
  assert.equal(a.behind(at(25), true), "wait");
  now += 1;
  assert.equal(a.behind(at(25), true), "try");
});

Deno.test("SentAhead lets another message find out where the first one told nothing", () => {
  let now = 0;
  const a = new SentAhead(() => now);
  assert.equal(a.behind(at(25), true), "try");
  now = MINUTE;
  assert.equal(a.behind(at(25), true), "try");
  a.tried(at(25));
  assert.equal(a.behind(at(25), true), "try");
  // what it has shown outlives it
  a.shown(at(25), true);
  a.tried(at(25));
  assert.equal(a.behind(at(25), true), "go");
});

Deno.test("SentAhead knows so many hosts and no more", () => {
  const a = new SentAhead(() => 0);
  a.shown(at(0), true);
  for (let port = 1; port <= 10_000; port++) a.shown(at(port), true);
  assert.equal(a.behind(at(0), false), "wait");
  assert.equal(a.behind(at(10_000), false), "go");
});
