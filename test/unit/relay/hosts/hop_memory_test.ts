import assert from "node:assert/strict";
import type { RememberedOffer } from "../../../../lib/ports/hop_memory.ts";
import { Memory } from "../../../../lib/relay/hosts/hop_memory.ts";

const offer: RememberedOffer = {
  eightBitMime: true,
  smtpUtf8: false,
  maxSize: 10,
  dsn: false,
  binary: false,
  requireTls: false,
  tls: false,
};

Deno.test("Memory knows what it learnt last, for a while", () => {
  let now = 0;
  const m = new Memory(() => now);
  assert.equal(m.recall("a"), null);
  m.learn("a", offer);
  m.learn("a", { ...offer, dsn: true });
  now = 15 * 60_000;
  assert.equal(m.recall("a")?.dsn, true);
  now += 1;
  assert.equal(m.recall("a"), null);
});

Deno.test("Memory holds a thousand hops, those learnt of last", () => {
  const m = new Memory(() => 0);
  m.learn("a", offer);
  m.learn("b", offer);
  m.learn("a", offer);
  for (let i = 0; i < 999; i++) m.learn(`hop ${i}`, offer);
  assert.notEqual(m.recall("a"), null);
  assert.equal(m.recall("b"), null);
});
