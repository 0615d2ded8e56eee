import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { mailNames } from "../../../lib/tls/client_certificate.ts";
import { certificateParts, elements } from "../../../lib/tls/der_read.ts";
import { endPointOf } from "../../../lib/tls/end_point.ts";
import { installed } from "../../support/postern.ts";

const make = async (dir: string, args: string): Promise<Uint8Array> => {
  const cert = join(dir, "cert.pem");
  const { success, stderr } = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=x"].concat(
      args.split(" "),
      "-keyout",
      join(dir, "key.pem"),
      "-out",
      cert,
    ),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new Uint8Array(new X509Certificate(await Deno.readTextFile(cert)).raw);
};

const withCertificate = (name: string, args: string, body: (der: Uint8Array) => void) =>
  Deno.test({
    name,
    ignore: !installed("openssl"),
    fn: async () => {
      const dir = await Deno.makeTempDir();
      try {
        body(await make(dir, args));
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });

const EC = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";

// SASL-14, RFC 5929 §4.1
for (
  const [args, hash] of [
    [`${EC} -sha256`, "sha256"],
    [`${EC} -sha384`, "sha384"],
    [`${EC} -sha1`, "sha256"],
    ["-newkey rsa:2048 -sha256", "sha256"],
    ["-newkey rsa:2048 -sha512", "sha512"],
    ["-newkey rsa:2048 -sha1", "sha256"],
    ["-newkey rsa:2048 -sha384 -sigopt rsa_padding_mode:pss", "sha384"],
    ["-newkey rsa:2048 -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha512", null],
    ["-newkey ed25519", null],
  ] as const
) {
  withCertificate(`endPointOf() uses ${hash ?? "nothing"} for ${args}: SASL-14`, args, (der) => {
    const want = hash === null ? null : new Uint8Array(createHash(hash).update(der).digest());
    assert.deepEqual(endPointOf(der), want);
  });
}

withCertificate(
  "mailNames() gives the addresses in a certificate, and nothing that only looks like one",
  `${EC} -addext subjectAltName=email:alice@example.com,DNS:email.example,URI:mailto:x@example.com,email:a.smith@example.com`,
  (der) => assert.deepEqual(mailNames(der), ["alice@example.com", "a.smith@example.com"]),
);

withCertificate("mailNames() is content with a certificate without any", EC, (der) => {
  assert.deepEqual(mailNames(der), []);
  // damaged anywhere, it is read without a throw
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (at, octet, length) => {
      const bad = der.slice(0, length);
      if (at < length) bad[at] = octet;
      mailNames(bad);
      endPointOf(bad);
    }),
    { numRuns: 500 },
  );
});

Deno.test("elements() takes any octets, and reads only what is there", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (der) => {
    const read = elements(der);
    const length = (read ?? []).reduce((n, e) => n + e.content.length, 0);
    assert.ok(length <= der.length);
    certificateParts(der);
    mailNames(der);
  }));
});
