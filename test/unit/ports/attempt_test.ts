import assert from "node:assert/strict";
import fc from "fast-check";
import { attemptJson, type Contact, contactText, readAttempt } from "../../../lib/ports/attempt.ts";

const MX: Contact = { host: "mx.example.net", address: "192.0.2.1" };
const verified = {
  version: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  verified: "DANE",
} as const;

for (
  const [contact, text] of [
    [{ host: "mx" }, "mx"],
    [{ host: "192.0.2.1", address: "192.0.2.1" }, "192.0.2.1"],
    [MX, "mx.example.net [192.0.2.1]"],
    [{ ...MX, policy: "DANE" }, "mx.example.net [192.0.2.1] (DANE)"],
    [{ ...MX, tls: "clear", policy: "in clear" }, "mx.example.net [192.0.2.1] (in clear)"],
    [
      { ...MX, tls: verified, policy: "DANE: TLSA" },
      "mx.example.net [192.0.2.1] (verified TLS; policy: DANE: TLSA)",
    ],
    [
      { ...MX, tls: { ...verified, verified: null }, policy: "TLS if offered" },
      "mx.example.net [192.0.2.1] (unverified TLS; policy: TLS if offered)",
    ],
  ] as const
) {
  Deno.test(`contactText() says ${text}`, () => assert.equal(contactText(contact), text));
}

Deno.test("readAttempt() is the way back from attemptJson(), and takes the words of older versions", () => {
  const words = fc.string({ unit: "grapheme" });
  const contact = fc.record({ host: words, address: words, policy: words }, {
    requiredKeys: ["host"],
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(
      contact,
      fc.option(fc.nat(), { nil: undefined }),
      fc.array(fc.record({ host: words, why: words }, { noNullPrototype: true })),
      (c, ms, tried) => {
        const { attempt, text } = readAttempt(
          attemptJson(c, { ...ms === undefined ? {} : { ms }, tried }),
        );
        assert.deepEqual(attempt, {
          ...c,
          ...ms === undefined ? {} : { ms },
          ...tried.length === 0 ? {} : { tried },
        });
        assert.equal(text, contactText(c));
      },
    ),
  );
  assert.deepEqual(readAttempt("mx [192.0.2.1]"), { text: "mx [192.0.2.1]", attempt: null });
  assert.deepEqual(readAttempt("{broken"), { text: "{broken", attempt: null });
  assert.deepEqual(readAttempt(null), { text: null, attempt: null });
});
