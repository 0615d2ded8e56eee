import assert from "node:assert/strict";
import fc from "fast-check";
import { printMailbox } from "../../../lib/address/mailbox.ts";
import { type HeaderFault, isFault, parseHeader } from "../../../lib/message/header.ts";
import { type ParsedFields, parseFields } from "../../../lib/message/parse.ts";
import { purportedResponsible } from "../../../lib/message/pra.ts";
import { standardLimits } from "../../../policies/limits.ts";
import { head } from "../../support/submissions.ts";

const read = (lines: ReadonlyArray<string>): ParsedFields | HeaderFault => {
  const h = parseHeader(head(...lines), standardLimits, false);
  assert.ok(!isFault(h));
  return parseFields(h, standardLimits, "msa.example.net");
};
const fields = (...lines: ReadonlyArray<string>): ParsedFields => {
  const f = read(lines);
  assert.ok(!isFault(f), "problem" in f ? f.problem : "");
  return f;
};

Deno.test("parseFields() flattens groups into authors", () => {
  const f = fields("From: A <a@x.example>, Team: b@x.example, c@x.example;");
  assert.deepEqual(f.authors.map(printMailbox), ["a@x.example", "b@x.example", "c@x.example"]);
  assert.deepEqual(fields("From: Robot:;").authors, []);
});

Deno.test("parseFields() reads Sender, Date and Message-ID, or says that they are not there", () => {
  const f = fields("From: a@x.example", "Sender: b@x.example", "Date: never", "Message-ID: <1@x>");
  assert.equal(f.sender === null ? null : printMailbox(f.sender), "b@x.example");
  assert.deepEqual([f.date?._tag, f.messageId], ["Invalid", "<1@x>"]);
  const bare = fields("From: a@x.example");
  assert.deepEqual([bare.sender, bare.senderField, bare.date, bare.messageId], [
    null,
    null,
    null,
    null,
  ]);
});

for (
  const [lines, rule, field] of [
    [["Subject: x"], "HDR-3", "From"],
    [["From:"], "HDR-3", "From"],
    [["From: ,"], "HDR-3", "From"],
    [["From: a@x.example", "FROM: b@x.example"], "HDR-1", "FROM"],
    [["From: a@x.example", "Subject: 1", "Subject: 2"], "HDR-1", "Subject"],
    [["From: a@x.example", "Date: 1", "Date: 2"], "HDR-1", "Date"],
    [["From: a@x.example", "Message-ID: <1@x>", "Message-Id: <2@x>"], "HDR-1", "Message-Id"],
    [["From: a@x.example", "In-Reply-To: <1@x>", "In-Reply-To: <2@x>"], "HDR-1", "In-Reply-To"],
    [["From: a@x.example", "References: <1@x>", "References: <2@x>"], "HDR-1", "References"],
    [["From: a@x.example", "Reply-To: a@x.example", "Reply-To: b@x.example"], "HDR-1", "Reply-To"],
    [["From: a@x.example", "Sender: a@x.example", "Sender: b@x.example"], "SND-01", "Sender"],
    [["From: a@x.example", "Sender: nobody"], "SND-01", "Sender"],
    [["From: a@x.example", "Sender: a@x.example, b@x.example"], "SND-01", "Sender"],
    [["From: a@x.example", "Sender: G: a@x.example, b@x.example;"], "SND-01", "Sender"],
    [["From: a@x.example", "Sender:"], "SND-01", "Sender"],
    [["From: a@x.example", "To: bob@sales"], "MSA-4.2b", "To"],
    [["From: a@x.example", "Cc: a b c"], "MSA-5.1", "Cc"],
    [["From: <<a@b.example>>"], "MSA-5.1", "From"],
    [
      [
        "From: a@x.example",
        `To: ${Array.from({ length: 1001 }, () => "b@x.example").join(",\r\n ")}`,
      ],
      "HDR-16",
      "To",
    ],
    [["From: a@x.example", "Resent-From: b", "Resent-To: c@x.example"], "MSA-5.1", "Resent-From"],
  ] as const
) {
  Deno.test(`parseFields() refuses ${lines.join(" | ").slice(0, 70)}`, () => {
    const fault = read(lines);
    assert.ok(isFault(fault));
    assert.deepEqual([fault.rule, fault.field], [rule, field]);
  });
}

Deno.test("parseFields() does not read Bcc, which never leaves", () => {
  assert.ok(fields("From: a@x.example", "Bcc: ((( not an address", "Resent-Bcc: x y z"));
});

Deno.test("parseFields() takes several To, Cc, Comments and Keywords", () => {
  const f = fields(
    "From: a@x.example",
    "To: b@x.example",
    "To: c@x.example",
    "Keywords: k",
    "Keywords: l",
  );
  assert.equal(f.lists.length, 3);
});

Deno.test("parseFields() ends the topmost resent block at a repeated name and at any other field", () => {
  const names = (...lines: ReadonlyArray<string>) =>
    fields(...lines, "From: a@x.example").resent?.fields.map((f) => f.name);
  assert.deepEqual(
    names("Resent-To: b@x.example", "Resent-From: c@x.example", "Resent-To: d@x.example"),
    ["Resent-To", "Resent-From"],
  );
  assert.deepEqual(
    names("Received: x; y", "Resent-To: b@x.example", "Received: x; y", "Resent-From: c@x.example"),
    ["Resent-To"],
  );
  assert.deepEqual(names("Resent-To: b@x.example", "X-Other: z", "Resent-From: c@x.example"), [
    "Resent-To",
  ]);
  assert.equal(fields("From: a@x.example").resent, null);
});

for (
  const apart of [
    "Return-Path: <x@x.example>",
    "Bcc: x@x.example",
    "Resent-Bcc: x@x.example",
    "Authentication-Results: msa.example.net; none",
  ]
) {
  Deno.test(`parseFields() runs resent fields together that only ${apart} keeps apart`, () => {
    const f = fields(
      "Resent-From: b@x.example",
      "Resent-Bcc: y@x.example",
      apart,
      "Resent-Sender: c@x.example",
      "From: a@x.example",
    );
    assert.equal(f.resent?.sender?.field.name, "Resent-Sender");
  });
}

Deno.test("parseFields() knows what DKIM signatures cover", () => {
  const f = fields(
    "DKIM-Signature: v=1; a=rsa-sha256; h=From:To :\r\n Date; b=h=subject;bh=x",
    "DKIM-Signature: v=1; h=sender",
    "From: a@x.example",
  );
  assert.deepEqual([...f.signed], ["from", "to", "date", "sender"]);
});

for (
  const [name, lines, want] of [
    ["From", ["From: a@x.example"], "a@x.example"],
    ["Sender before From", ["From: a@x.example", "Sender: b@x.example"], "b@x.example"],
    ["a blank Sender counts as absent", ["From: a@x.example", "Sender: "], "a@x.example"],
    ["nobody for two authors", ["From: a@x.example, b@x.example"], null],
    [
      "nobody for two Sender",
      ["From: a@x.example", "Sender: b@x.example", "Sender: c@x.example"],
      null,
    ],
    ["nobody for two From", ["From: a@x.example", "From: b@x.example"], null],
    ["nobody for a bad Sender", ["From: a@x.example", "Sender: b"], null],
    ["Resent-From before Sender", [
      "Resent-From: r@x.example",
      "Sender: b@x.example",
      "From: a@x.example",
    ], "r@x.example"],
    ["Resent-Sender before Resent-From", [
      "Resent-From: r@x.example",
      "Resent-Sender: s@x.example",
      "From: a@x.example",
    ], "s@x.example"],
    ["the newer Resent-From, trace between", [
      "Resent-From: new@x.example",
      "Received: x; y",
      "Resent-Sender: old@x.example",
      "From: a@x.example",
    ], "new@x.example"],
    ["the older Resent-Sender, no trace between", [
      "Resent-From: new@x.example",
      "Resent-Sender: old@x.example",
      "From: a@x.example",
    ], "old@x.example"],
  ] as const
) {
  Deno.test(`purportedResponsible() PRA-1: finds ${name}`, () => {
    const h = parseHeader(head(...lines), standardLimits, false);
    assert.ok(!isFault(h));
    const pra = purportedResponsible(h);
    assert.equal(pra === null ? null : printMailbox(pra), want);
  });
}

Deno.test("parseFields() and purportedResponsible() never throw", () => {
  const name = fc.constantFrom(
    "From",
    "Sender",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "Resent-From",
    "Resent-Sender",
    "DKIM-Signature",
    "Received",
  );
  const value = fc.string({ unit: fc.constantFrom(...'a@.,;:<>()"\\[]= \t-1h') });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (all) => {
      const h = parseHeader(head(...all.map(([n, v]) => `${n}:${v}`)), standardLimits, false);
      assert.ok(!isFault(h));
      parseFields(h, standardLimits, "msa.example.net");
      purportedResponsible(h);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseFields() is done with 256 KiB of h= in no time", () => {
  const from = performance.now();
  const lines = Array.from({ length: 260 }, () => ` ${"a:".repeat(490)}`).join("\r\n");
  fields(`DKIM-Signature: h=${lines.trimStart()}`, "From: a@x.example");
  assert.ok(performance.now() - from < 2000);
});
