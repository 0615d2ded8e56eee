import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { addressBlock, isNetwork, Networks, parseIp, printIp } from "../../../lib/address/ip.ts";

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

for (
  const [text, want] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
    ["::", "::"],
    ["192.0.2", null],
    ["192.0.2.01", null],
    ["192.0.2.256", null],
    ["1:2:3:4:5:6:7::8", null],
    ["1::2:3:4:5:6:7:8", null],
    ["1::2::3", null],
    ["12345::", null],
    ["::192.0.2.1:1", null],
    ["192.0.2.1::", null],
    ["fe80::1%eth0", null],
    [":", null],
    ["", null],
  ] as const
) {
  Deno.test(`parseIp() and printIp() make ${want} of "${text}"`, () => {
    const ip = parseIp(text);
    assert.equal(ip === null ? null : printIp(ip.groups), want);
  });
}

Deno.test("parseIp() takes what the runtime takes for an address, but for zones", () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(fc.constantFrom("::", ":", "0", "1f", "ffff", ".", "12", "255"), { maxLength: 17 })
      .map((parts) => parts.join("")),
  );
  fc.assert(fc.property(text, (s) => assert.equal(parseIp(s)?.family ?? 0, isIP(s))));
});

Deno.test("printIp() gives back what parseIp() read", () => {
  const groups = fc.array(fc.constantFrom(0, 1, 0xffff), { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(groups, (g) => assert.deepEqual(parseIp(printIp(g))?.groups, g)));
});

for (
  const [networks, address, want] of [
    [["10.0.0.0/8"], "10.255.0.1", true],
    [["10.0.0.0/8"], "11.0.0.1", false],
    [["10.0.0.0/8"], "::ffff:10.1.1.1", true],
    [["192.0.2.1"], "192.0.2.1", true],
    [["192.0.2.1"], "192.0.2.2", false],
    [["192.0.2.128/25"], "192.0.2.127", false],
    [["2001:db8::/32", "::1"], "2001:DB8:ffff::1", true],
    [["2001:db8::/32", "::1"], "::1", true],
    [["2001:db8::/33"], "2001:db8:8000::1", false],
    [["0.0.0.0/0"], "192.0.2.1", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["::/0"], "2001:db8::1", true],
    [["::/0"], "192.0.2.1", false],
    [["::ffff:192.0.2.0/120"], "192.0.2.1", true],
    [["fe80::/10"], "fe80::1%eth0", false],
    [["10.0.0.0/8"], "", false],
    [[], "10.0.0.1", false],
  ] as const
) {
  Deno.test(`Networks of ${networks.join(", ")} ${want ? "have" : "do not have"} ${address}`, () => {
    assert.equal(new Networks(networks).has(address), want);
  });
}

for (
  const [text, want] of [
    ["192.0.2.0/24", true],
    ["192.0.2.0/33", false],
    ["2001:db8::/128", true],
    ["2001:db8::/129", false],
    ["192.0.2.0/", false],
    ["192.0.2.0/8/8", false],
    ["example.com/8", false],
  ] as const
) Deno.test(`isNetwork(${text}) is ${want}`, () => assert.equal(isNetwork(text), want));
