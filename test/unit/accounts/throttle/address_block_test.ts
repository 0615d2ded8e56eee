import assert from "node:assert/strict";
import fc from "fast-check";
import { addressBlock } from "../../../../lib/accounts/throttle/address_block.ts";

for (
  const [address, want] of [
    ["192.0.2.7", "192.0.2.0/24"],
    ["::ffff:192.0.2.7", "192.0.2.0/24"],
    ["::FFFF:192.0.2.200", "192.0.2.0/24"],
    ["2001:db8:1:2ab::5", "2001:db8:1:200::/56"],
    ["2001:DB8:1:2ff:1:2:3:4", "2001:db8:1:200::/56"],
    ["2001:db8:1:300::5", "2001:db8:1:300::/56"],
    ["fe80::1%eth0", "fe80:0:0:0::/56"],
    ["::1", "0:0:0:0::/56"],
    ["::", "0:0:0:0::/56"],
    ["unix", "unix"],
    ["1:2:3", "1:2:3"],
    ["1::2::3", "1::2::3"],
  ] as const
) {
  Deno.test(`addressBlock() puts ${address} into ${want}`, () => {
    assert.equal(addressBlock(address), want);
  });
}

Deno.test("addressBlock() gives all addresses of a /24 and of a /56 one block", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  fc.assert(fc.property(octet, octet, octet, octet, octet, (a, b, c, d, e) => {
    assert.equal(addressBlock(`${a}.${b}.${c}.${d}`), addressBlock(`${a}.${b}.${c}.${e}`));
    const v6 = (low: number) => `2001:db8:${a.toString(16)}:${((b << 8) | low).toString(16)}::1`;
    assert.equal(addressBlock(v6(d)), addressBlock(v6(e)));
  }));
});

Deno.test("addressBlock() never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (s) => void addressBlock(s)));
});
