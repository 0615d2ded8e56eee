import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { srvIdsOf } from "../../../lib/net/srv_id.ts";

/** By openssl: a DNS name, two SRV-IDs and an address of SMTP with UTF-8. */
const CERTIFICATE = Buffer.from(
  "MIIB7jCCAZSgAwIBAgIUZ+fuITDgO5WQEGv/JcOMNjUTQN4wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBeDAeFw0yNjExMjQxMjIzMjdaFw0zNjExMjExMjIzMjdaMAwxCjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR+Bs4ZpOtkLp6EJR7KMUpodhik8nh5OMnBTaWidzHjhz2aEi1arAhK5tjNrjjdGCqnU8XTs6t/5EnLKV3o75dno4HTMIHQMB0GA1UdDgQWBBQGQ9btetlpRJY55NyDvwqr8+rltzAfBgNVHSMEGDAWgBQGQ9btetlpRJY55NyDvwqr8+rltzAPBgNVHRMBAf8EBTADAQH/MH0GA1UdEQR2MHSCFW1haWwucHJvdmlkZXIuZXhhbXBsZaAgBggrBgEFBQcIB6AUFhJfaW1hcHMuZXhhbXBsZS5jb22gJgYIKwYBBQUHCAegGhYYX1N1Ym1pc3Npb25zLmV4YW1wbGUuY29toBEGCCsGAQUFBwgJoAUMA3hAeTAKBggqhkjOPQQDAgNIADBFAiEAjNBdjuI7uJ8wbqQ0AjjHYcvtvIkSKCMnjWxVW5rPCAMCICpB5xGMXEVcvvumIaifHF3h0l1hG7Mk2adpJMat2DEe",
  "base64",
);

Deno.test("srvIdsOf() reads SRV-IDs and no other names. RFC 4985 §2, SEC-8", () => {
  assert.deepEqual(srvIdsOf(CERTIFICATE), ["_imaps.example.com", "_submissions.example.com"]);
});

Deno.test("srvIdsOf() never throws, whatever is cut off or changed", () => {
  fc.assert(
    fc.property(
      fc.nat(CERTIFICATE.length),
      fc.array(fc.tuple(fc.nat(CERTIFICATE.length), fc.nat(255)), { maxLength: 6 }),
      (length, edits) => {
        const der = Uint8Array.from(CERTIFICATE.subarray(0, length));
        for (const [at, value] of edits) if (at < der.length) der[at] = value;
        srvIdsOf(der);
      },
    ),
    { numRuns: 5_000 },
  );
});
