import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { integer, oid, time, tlv } from "../../../lib/tls/der.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const hex = (octets: Uint8Array): string => octets.toHex();

Deno.test("makeSelfSigned() makes a certificate for all names that its key fits", async () => {
  const made = await makeSelfSigned(
    ["msa.example", "localhost", "127.0.0.1", "::1", "2001:db8::a:0:1"],
    NOW,
    820,
  );
  const c = new X509Certificate(made.certificatePem);
  assert.equal(c.subject, "CN=msa.example");
  assert.equal(c.issuer, c.subject);
  assert.equal(
    c.subjectAltName,
    "DNS:msa.example, DNS:localhost, IP Address:127.0.0.1, IP Address:::1, " +
      "IP Address:2001:db8::a:0:1",
  );
  assert.equal(c.ca, false);
  assert.equal(c.verify(c.publicKey), true);
  assert.equal(c.checkPrivateKey(createPrivateKey(made.keyPem)), true);
  assert.equal(c.validFromDate.toISOString(), "2026-01-01T03:04:05.000Z");
  assert.equal(c.validToDate.toISOString(), "2028-04-01T03:04:05.000Z");
});

Deno.test("makeSelfSigned() makes another key and serial number each time", async () => {
  const [a, b] = await Promise.all([
    makeSelfSigned(["a.example"], NOW),
    makeSelfSigned(["a.example"], NOW),
  ]);
  assert.notEqual(a.keyPem, b.keyPem);
  const [x, y] = [new X509Certificate(a.certificatePem), new X509Certificate(b.certificatePem)];
  assert.notEqual(x.serialNumber, y.serialNumber);
  assert.match(x.serialNumber, /^[4-7][0-9A-F]{31}$/);
});

for (
  const [name, got, want] of [
    ["oid() packs arcs in base 128", oid("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
    ["integer() drops leading zeros", integer(Uint8Array.of(0, 0, 5)), "020105"],
    ["integer() keeps a high bit positive", integer(Uint8Array.of(0x80)), "02020080"],
    ["integer() writes zero", integer(Uint8Array.of(0, 0)), "020100"],
    [
      "tlv() writes a length of two octets",
      tlv(0x04, new Uint8Array(300)).subarray(0, 4),
      "0482012c",
    ],
    ["tlv() writes a length of one octet", tlv(0x04, new Uint8Array(200)).subarray(0, 3), "0481c8"],
    [
      "time() is UTCTime until 2049",
      time(Date.parse("2049-12-31T23:59:59Z")),
      "170d3439313233313233353935395a",
    ],
    [
      "time() is GeneralizedTime after",
      time(Date.parse("2050-01-01T00:00:00Z")),
      "180f32303530303130313030303030305a",
    ],
  ] as const
) {
  Deno.test(name, () => assert.equal(hex(got), want));
}

Deno.test("integer() is in its shortest form, and what it says", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (magnitude) => {
    const der = integer(magnitude);
    const content = der.subarray(2);
    assert.equal(content.length, der[1]);
    assert.equal(BigInt(`0x${hex(content)}`), BigInt(`0x${hex(magnitude)}`));
    assert.ok((content[0] ?? 0) < 0x80);
    assert.ok(content.length === 1 || content[0] !== 0 || (content[1] ?? 0) >= 0x80);
  }));
});
