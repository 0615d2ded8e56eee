import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseListener,
  parseSocketAddress,
  printSocketAddress,
} from "../../../../lib/config/values/address.ts";

for (
  const [text, want] of [
    ["127.0.0.1:587", { host: "127.0.0.1", port: 587 }],
    ["[::1]:587", { host: "::1", port: 587 }],
    ["localhost:1", { host: "localhost", port: 1 }],
    ["msa.example.com:65535", { host: "msa.example.com", port: 65535 }],
    ["127.0.0.1", null],
    ["127.0.0.1:", null],
    ["127.0.0.1:0", null],
    ["127.0.0.1:65536", null],
    ["127.0.0.1:5 87", null],
    ["127.0.0.1:+587", null],
    ["300.0.0.1.:587", null],
    ["::1:587", null],
    ["[::1]", null],
    ["[::1:587", null],
    ["[127.0.0.1]:587", null],
    ["*:587", null],
    [":587", null],
    ["", null],
    ["[]:5", null],
    ["]:5", null],
  ] as const
) {
  Deno.test(`parseSocketAddress() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseSocketAddress(text), want);
  });
}

for (
  const [text, want] of [
    ["192.0.2.1", { host: "192.0.2.1", port: 53 }],
    ["2001:db8::1", { host: "2001:db8::1", port: 53 }],
    ["[2001:db8::1]", { host: "2001:db8::1", port: 53 }],
    ["[2001:db8::1]:5353", { host: "2001:db8::1", port: 5353 }],
    ["dns.example", { host: "dns.example", port: 53 }],
    ["2001:db8::zz", null],
  ] as const
) {
  Deno.test(`parseSocketAddress() reads ${text} with a default port`, () => {
    assert.deepEqual(parseSocketAddress(text, 53), want);
  });
}

Deno.test("parseListener() takes port 0 for any free one", () => {
  assert.deepEqual(parseListener("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
});

Deno.test("printSocketAddress() writes what parseSocketAddress() reads", () => {
  fc.assert(fc.property(
    fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    fc.integer({ min: 1, max: 65535 }),
    (host, port) => {
      assert.deepEqual(parseSocketAddress(printSocketAddress({ host, port })), { host, port });
    },
  ));
});

Deno.test("parseSocketAddress() never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (s) => {
    parseSocketAddress(s);
    parseSocketAddress(s, 25);
  }));
});
