import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import { signatureField } from "../../../lib/message/dkim/dkim_signature.ts";
import { writeReport } from "../../../lib/message/report/report.ts";
import { Signer, SigningFault } from "../../../lib/ports/signer.ts";
import { signReport } from "../../../lib/notices/sign_report.ts";
import { mailbox, NOW } from "../../support/submissions.ts";

const report = writeReport({
  hostname: "msa.example.net",
  to: mailbox("alice@example.net"),
  unique: "u",
  now: NOW,
  arrivedAt: NOW,
  recipients: [],
  original: null,
});

const signed = (layer: Layer.Layer<Signer> | null) => {
  const work = signReport(report.head, report.body, "msa.example.net", NOW);
  return Effect.runPromise(layer === null ? work : Effect.provide(work, layer));
};

const digest = () => ({ update: () => {}, end: () => "hash" });

Deno.test("signReport() DKIM-11: a report is signed for our own name, on top", async () => {
  const head = await signed(Layer.succeed(Signer, {
    digest,
    sign: (r) =>
      Effect.succeed([{
        domain: "example.net",
        selector: "s",
        algorithm: "rsa-sha256",
        field: signatureField({
          algorithm: "rsa-sha256",
          domain: `${r.authors[0]?.local}.${r.authors[0]?.domain.text}`,
          selector: "s",
          at: 1,
          expires: null,
          names: ["from"],
          bodyHash: r.bodyHash ?? "",
        }, "sig"),
      }]),
  }));
  assert.match(
    head,
    /^DKIM-Signature: [^]*? d=mailer-daemon\.msa\.example\.net;[^]* bh=hash; b=sig\r\n/,
  );
  assert.ok(head.endsWith(`\r\n${report.head}`));
});

Deno.test("signReport() leaves a report as it is without a key, and where signing fails", async () => {
  assert.equal(await signed(null), report.head);
  assert.equal(
    await signed(Layer.succeed(Signer, {
      digest,
      sign: () => Effect.fail(new SigningFault({ domain: "example.net", reason: "gone" })),
    })),
    report.head,
  );
});
