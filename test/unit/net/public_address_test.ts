import assert from "node:assert/strict";
import fc from "fast-check";
import { isPublic } from "../../../lib/net/public_address.ts";

for (
  const [ip, want] of [
    ["198.41.0.4", true],
    ["8.8.8.8", true],
    ["172.15.255.255", true],
    ["172.32.0.0", true],
    ["2606:4700:4700::1111", true],
    ["64:ff9b::808:808", true],
    ["2002:808:808::1", true],
    ["0.0.0.0", false],
    ["10.1.2.3", false],
    ["100.64.0.1", false],
    ["127.0.0.1", false],
    ["127.255.255.254", false],
    ["169.254.169.254", false],
    ["172.16.0.1", false],
    ["172.31.255.255", false],
    ["192.0.0.1", false],
    ["192.0.2.1", false],
    ["192.168.1.1", false],
    ["198.18.0.1", false],
    ["198.19.255.255", false],
    ["224.0.0.1", false],
    ["255.255.255.255", false],
    ["::", false],
    ["::1", false],
    ["::ffff:127.0.0.1", false],
    ["::ffff:8.8.8.8", false],
    ["::7f00:1", false],
    ["64:ff9b::7f00:1", false],
    ["64:ff9b::a00:1", false],
    ["64:ff9b:1::1", false],
    ["2002:7f00:1::", false],
    ["2002:a00:1::", false],
    ["2001::1", false],
    ["2001:db8::1", false],
    ["3fff:fff::1", false],
    ["fc00::1", false],
    ["fd12:3456::1", false],
    ["fe80::1", false],
    ["fe80::1%eth0", false],
    ["ff02::1", false],
    ["localhost", false],
    ["", false],
    ["1.2.3", false],
  ] as const
) {
  Deno.test(`isPublic(${ip}) is ${want}. autodiscovery.md §9.8`, () =>
    assert.equal(isPublic(ip), want));
}

Deno.test("isPublic() refuses every IPv4 block that is special, wrapped or not", () => {
  fc.assert(fc.property(fc.ipV4(), (ip) => {
    const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
    const hex = (x: number, y: number) => (x * 256 + y).toString(16);
    assert.equal(isPublic(`::ffff:${ip}`), false);
    assert.equal(isPublic(`64:ff9b::${hex(a, b)}:${hex(c, d)}`), isPublic(ip));
    assert.equal(isPublic(`2002:${hex(a, b)}:${hex(c, d)}::1`), isPublic(ip));
  }));
});
