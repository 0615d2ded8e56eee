import assert from "node:assert/strict";
import fc from "fast-check";
import type { Mailbox } from "../../../lib/address/mailbox.ts";
import { isFault, parseHeader } from "../../../lib/message/header.ts";
import { parseFields } from "../../../lib/message/parse.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { printHeader } from "../../../lib/message/write.ts";
import { ownAddresses } from "../../../policies/rights.ts";
import { standardLimits } from "../../../policies/limits.ts";
import { alice, head, received, submit, usual } from "../../support/submissions.ts";

Deno.test("pipeline() has a decision of every stage, in order", async () => {
  const { trail } = await submit({ head: head("From: alice@example.net") });
  assert.deepEqual([...new Set(trail.map((d) => d.stage))], [
    "parse",
    "authenticate",
    "enforce_rights",
    "fix_headers",
    "add_sender",
    "resolve_mta",
  ]);
});

Deno.test("pipeline() keeps a trail of plain JSON, bounded whatever the message holds", async () => {
  const long = "x".repeat(900);
  const to = Array.from({ length: 900 }, (_, i) => `<@r.example:${i}${"y".repeat(200)}@b.example>`)
    .join(",\r\n ");
  const { trail } = await submit({
    head: head(
      "From: alice@example.net",
      `Date: ${long}`,
      `Message-ID: ${long}`,
      `To: ${to}`,
      ...Array(50).fill(`Bcc: ${long}`),
    ),
    recipients: Array.from({ length: 900 }, (_, i) => `${i}@example.org`),
  });
  const json = JSON.stringify(trail);
  assert.deepEqual(JSON.parse(json), trail);
  assert.ok(json.length < 8000, String(json.length));
});

Deno.test("pipeline() shows no character in its facts that a terminal acts on", async () => {
  const { trail } = await submit({
    head: encodeUtf8(
      head("From: alice@example.net", "To: a\u202e\u0085\u200bb <@r.example:\u009bc@d.example>"),
    ),
    smtpUtf8: true,
  });
  assert.doesNotMatch(JSON.stringify(trail), /\p{C}/u);
});

Deno.test("pipeline() changes nothing of what it was given", async () => {
  const given = received({ head: head("From: alice@example.net", "Bcc: x@y.example") });
  const before = structuredClone(given);
  await submit({ head: given.head });
  assert.deepEqual(given, before);
});

const VALUES = [
  "alice@example.net",
  "bob@example.net",
  "Alice <a.smith@example.net>",
  "G: alice@example.net, bob@example.net;",
  "G:;",
  "<@r.example:alice@example.net>",
  "",
  "x",
  "1 Jan 99 00:00 EST",
  "Tue, 24 Nov 2026 05:25:51 +0000",
  "<1@x>",
  "a\r\n  \r\n b",
  "alice . x@example.net,,",
  "h=from:to:sender:date; b=x",
  "evil@x.example",
  `${"word ".repeat(300)}`,
  "\x07",
  "J. Doe <alice@example.net>",
];
const NAMES = [
  "From",
  "From",
  "Sender",
  "To",
  "Cc",
  "Bcc",
  "Reply-To",
  "Date",
  "Message-ID",
  "Subject",
  "Resent-From",
  "Resent-To",
  "Resent-Sender",
  "Resent-Date",
  "Resent-Bcc",
  "Received",
  "Return-Path",
  "DKIM-Signature",
  "To ",
];

Deno.test("pipeline() lets nothing out that it would not take in, nor that is not the account's", async () => {
  const field = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)).map(([n, v]) =>
    `${n}: ${v}`
  );
  const policy = ownAddresses({ localDomains: ["example.net"], separator: "+" });
  const owns = (m: Mailbox) => policy.as(alice, m, usual).granted;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(field, { maxLength: 8 }), async (led, lines) => {
      const end = await submit({
        head: head(...(led ? ["From: alice@example.net"] : []), ...lines),
      });
      if (end._tag === "Refused") return;
      accepted++;
      const out = printHeader(end.header);
      const again = parseHeader(out, standardLimits, false);
      assert.ok(!isFault(again) && again.fields.every((f) => !f.misfit), out);
      const fields = parseFields(again, standardLimits, "msa.example.net");
      assert.ok(!isFault(fields), out);
      assert.doesNotMatch(out, /^(?:resent-)?bcc|^return-path/im);
      if (fields.resent === null) {
        assert.ok(fields.authors.some((a) => owns(a)), out);
        assert.ok(fields.sender === null || owns(fields.sender), out);
        assert.ok(
          fields.authors.length === 1 || fields.sender !== null || fields.signed.has("sender"),
          out,
        );
        assert.ok(fields.lists.every((l) => !l.list.obsolete), out);
        assert.ok(
          fields.dateField !== null && fields.date?._tag !== "Invalid" &&
            fields.date?._tag !== "Obsolete",
          out,
        );
      } else {
        assert.ok(fields.resent.from?.list.mailboxes.some((a) => owns(a)), out);
        const sender = fields.resent.sender?.list.mailboxes[0];
        assert.ok(sender === undefined || owns(sender), out);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 50, `only ${accepted} accepted`);
});
