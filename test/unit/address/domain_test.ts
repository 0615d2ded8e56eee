import assert from "node:assert/strict";
import fc from "fast-check";
import {
  domainKey,
  fullyQualified,
  parseDomainName,
  parseLiteral,
} from "../../../lib/address/domain.ts";

const L63 = "a".repeat(63);

for (
  const [text, ascii] of [
    ["example.net", "example.net"],
    ["EXAMPLE.Net", "example.net"],
    ["localhost", "localhost"],
    ["1.example", "1.example"],
    ["a-b.example", "a-b.example"],
    [`${L63}.example`, `${L63}.example`],
    // EXT-UTF-2
    ["grün.example", "xn--grn-ioa.example"],
    ["GRÜN.example", "xn--grn-ioa.example"],
    ["faß.example", "xn--fa-hia.example"],
    ["日本.example", "xn--wgv71a.example"],
    ["xn--grn-ioa.example", "xn--grn-ioa.example"],
    ["XN--GRN-IOA.example", "xn--grn-ioa.example"],
    // SMTP-27
    ["a_b.example", null],
    ["", null],
    [".", null],
    ["a..b", null],
    [".example", null],
    ["example.net.", null],
    ["-a.example", null],
    ["a-.example", null],
    ["a b.example", null],
    ["a@b.example", null],
    [`${L63}a.example`, null],
    ["xn--.example", null],
    ["xn--a.example", null],
    ["ü_x.example", null],
    ["-ü.example", null],
    ["u\u0308.example", null], // not NFC
    ["ü\u3002x.example", null], // one label that becomes two
    ["ü\u00ad.example", null], // a character that becomes none
    ["ü\u200b.example", null],
    // what has a meaning of its own in a URL must have none here
    ["ü@é.example", null],
    ["ü%61.example", null],
    ["ü\té.example", null],
    ["ü/x.example", null],
    ["ü?x.example", null],
    ["ü#x.example", null],
    ["ü:1.example", null],
    [`${"ü".repeat(60)}.example`, null], // A-label beyond 63 octets
  ] as const
) {
  Deno.test(`parseDomainName() makes ${ascii} of ${JSON.stringify(text).slice(0, 40)}`, () => {
    assert.deepEqual(parseDomainName(text), ascii === null ? null : { _tag: "Name", ascii, text });
    // a second time, from the cache
    assert.equal(parseDomainName(text)?.ascii ?? null, ascii);
  });
}

Deno.test("parseDomainName() takes 255 octets and no more", () => {
  const name = `${`${L63}.`.repeat(3)}${L63}`;
  assert.equal(name.length, 255);
  assert.equal(parseDomainName(name)?.ascii, name);
  assert.equal(parseDomainName(`${"b.".repeat(127)}bb`), null); // 256
});

Deno.test("parseDomainName() counts the 255 octets in A-labels", () => {
  // 4 times "xn--" and more on top
  assert.equal(parseDomainName(`${`${"a".repeat(54)}ü.`.repeat(4)}example`), null);
});

Deno.test("parseDomainName() takes U-labels only where it may", () => {
  assert.equal(parseDomainName("grün.example", false), null);
  assert.notEqual(parseDomainName("grün.example", true), null);
  assert.equal(parseDomainName("grün.example", false), null);
  assert.equal(parseDomainName("example.net", false)?.ascii, "example.net");
});

// SMTP-27
for (
  const [text, ok] of [
    ["[192.0.2.1]", true],
    ["[255.255.255.255]", true],
    ["[IPv6:2001:db8::1]", true],
    ["[ipv6:::1]", true],
    ["[IPv6:::ffff:192.0.2.1]", true],
    ["[300.1.1.1]", false],
    ["[1.2.3]", false],
    ["[1.2.3.4.5]", false],
    ["[01.2.3.4]", false],
    ["[0x7f.0.0.1]", false],
    ["[2001:db8::1]", false],
    ["[IPv6:192.0.2.1]", false],
    ["[IPv6:1::2::3]", false],
    ["[IPv6:2001:db8::1%25lo]", false],
    ["[IPv6:]", false],
    ["[]", false],
    ["[x]", false],
    ["[tag:x]", false],
    ["192.0.2.1", false],
    ["[192.0.2.1", false],
  ] as const
) {
  Deno.test(`parseLiteral() ${ok ? "takes" : "refuses"} ${text}`, () => {
    assert.deepEqual(parseLiteral(text), ok ? { _tag: "Literal", text } : null);
  });
}

Deno.test("fullyQualified() asks for two labels, or a literal", () => {
  assert.equal(fullyQualified(parseDomainName("localhost")!), false);
  assert.equal(fullyQualified(parseDomainName("a.b")!), true);
  assert.equal(fullyQualified(parseLiteral("[192.0.2.1]")!), true);
});

Deno.test("domainKey() is the same for U-label and A-label, in any case", () => {
  assert.equal(
    domainKey(parseDomainName("Grün.example")!),
    domainKey(parseDomainName("XN--grn-ioa.EXAMPLE")!),
  );
});

Deno.test("parseDomainName() gives for any text null or LDH labels that stand for themselves", () => {
  const label = fc.string({
    unit: fc.constantFrom(..."aZ09-_.@%/:\t ü日ß\u00ad\u3002\ud800"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.oneof(label, fc.string({ unit: "binary", maxLength: 40 })), (s) => {
      const d = parseDomainName(`${s}.example`);
      if (d === null) return;
      assert.match(d.ascii, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/);
      assert.equal(d.ascii.split(".").length, d.text.split(".").length);
      assert.equal(parseDomainName(d.ascii)?.ascii, d.ascii);
    }),
    { numRuns: 3_000 },
  );
});
