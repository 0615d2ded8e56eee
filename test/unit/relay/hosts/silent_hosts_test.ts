import assert from "node:assert/strict";
import { Unusable } from "../../../../lib/relay/session/peer.ts";
import { SilentHosts } from "../../../../lib/relay/hosts/silent_hosts.ts";
import { ours } from "../../../../lib/smtp/client/verdict.ts";

const at = (address: string) => ({ _tag: "Tcp", address, port: 25 }) as const;
const fault = (stage: Unusable["stage"], remote = false) =>
  new Unusable({
    stage,
    verdict: { ...ours("temporary", "4.4.1", "no"), remote },
    contact: { host: "mx" },
    handshake: false,
  });

Deno.test("QUE-1: SilentHosts spares a host ever longer, has one message try it, and forgets once it answers", () => {
  let now = 0;
  const s = new SilentHosts(() => now);
  const [mx, other] = [at("192.0.2.1"), at("192.0.2.2")];
  assert.equal(s.spared(mx), false);
  for (const minutes of [0.5, 1, 2, 4, 8, 15, 15]) {
    s.note(mx, fault("dial"));
    assert.deepEqual([s.spared(mx), s.spared(other)], [true, false]);
    now += minutes * 60_000 - 1;
    assert.equal(s.spared(mx), true, `${minutes}`);
    now += 1;
    // one tries, the others go on without it
    assert.deepEqual([s.spared(mx), s.spared(mx)], [false, true]);
  }
  s.note(mx, null);
  assert.equal(s.spared(mx), false);
  s.note(mx, fault("dial"));
  now += 30_000;
  assert.equal(s.spared(mx), false, "it began anew");
});

Deno.test("QUE-1: SilentHosts minds silence, and no words of a host", () => {
  const s = new SilentHosts(() => 0);
  for (
    const [stage, remote, want] of [
      ["dial", false, true],
      ["greeting", false, true],
      ["greeting", true, false],
      ["TLS", false, false],
      ["AUTH", true, false],
      ["REQUIRETLS", false, false],
    ] as const
  ) {
    s.note(at("192.0.2.1"), fault(stage, remote));
    assert.equal(s.spared(at("192.0.2.1")), want, stage);
  }
});
