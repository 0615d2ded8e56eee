/** Headers through the parser and all stages; addresses; dates. */
import assert from "node:assert/strict";
import { Effect, Exit, Layer } from "effect";
import { printMailbox, same } from "../../../lib/address/mailbox.ts";
import { parseMailbox, readPath } from "../../../lib/address/path.ts";
import { parseAddressList } from "../../../lib/message/address_list.ts";
import { printAddress } from "../../../lib/message/address.ts";
import { formatDate, parseDate } from "../../../lib/message/date.ts";
import { isFault, parseHeader } from "../../../lib/message/header.ts";
import { type ParsedFields, parseFields } from "../../../lib/message/parse.ts";
import { latin1 } from "../../../lib/message/text.ts";
import { printHeader } from "../../../lib/message/write.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import { received, world } from "../../support/submissions.ts";
import { standardLimits } from "../../../policies/limits.ts";
import type { Target } from "../target.ts";

const services = await Effect.runPromise(Effect.scoped(Layer.build(world())));
const runPipeline = Effect.runSyncExitWith(services);

const ADDRESS_TOKENS = [
  "alice",
  "@",
  "example.net",
  "example.org",
  ".",
  ",",
  ":",
  ";",
  "<",
  ">",
  "(",
  ")",
  "[",
  "]",
  '"',
  "\\",
  " ",
  "\r\n ",
  "=?utf-8?Q?a?=",
  "(c (d))",
  '"a b"',
  "undisclosed",
  "\xc3\xa4",
  "xn--bcher-kva.example",
  "[192.0.2.1]",
  "+tag",
];

export const header: Target = {
  name: "header",
  tokens: [
    "From: ",
    "Sender: ",
    "To: ",
    "Cc: ",
    "Bcc: ",
    "Reply-To: ",
    "Date: ",
    "Message-ID: ",
    "Resent-From: ",
    "Resent-To: ",
    "Resent-Sender: ",
    "Resent-Date: ",
    "Received: ",
    "Return-Path: ",
    "Subject: ",
    "DKIM-Signature: h=from:date; ",
    "MIME-Version: 1.0",
    "Content-Type: multipart/signed",
    "X-A",
    ": ",
    " :",
    "<1@example.net>",
    "Tue, 24 Nov 2026 06:25:50 +0100",
    "\r\n",
    "\r\n",
    "\r\n",
    "\r\n\t",
    ...ADDRESS_TOKENS,
  ],
  seeds: [
    "From: Alice <alice@example.net>\r\nTo: bob@example.org\r\nDate: Tue, 24 Nov 2026 06:25:50 +0100\r\n",
    "Resent-From: alice@example.net\r\nResent-To: x@example.org\r\nFrom: stranger@example.com\r\nTo: y@example.org\r\n",
    "Received: from a by b; Tue, 24 Nov 2026 06:25:50 +0100\r\nFrom: alice@example.net\r\nSender: bob@example.net\r\n",
    "From: alice@example.net\r\nTo: group: a@example.org, b@example.org;, <c@example.org>\r\nBcc: d@example.org\r\n",
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; h=From:To:Date; b=abc\r\nFrom: alice@example.net\r\n",
  ],
  run: (input) => {
    const head = latin1(input);
    const parsed = parseHeader(head, standardLimits, false);
    if (!isFault(parsed)) {
      assert.equal(printHeader(parsed), head, "what is not changed stays as it came");
    }
    const exit = runPipeline(pipeline(received({ head })));
    if (Exit.isSuccess(exit)) {
      const leaving = exit.value.leaving.slice(0, -2);
      return finished(leaving, fieldsOf(leaving).resent !== null);
    }
    const [reason] = exit.cause.reasons;
    assert.ok(
      reason?._tag === "Fail" && reason.error._tag === "Refusal",
      `no refusal: ${exit.cause}`,
    );
  },
};

/** What a header says that can be read. */
const fieldsOf = (head: string): ParsedFields => {
  const parsed = parseHeader(head, standardLimits, false);
  assert.ok(!isFault(parsed), "what leaves can be read again");
  const fields = parseFields(parsed, standardLimits, "msa.example.net");
  assert.ok(!isFault(fields), "and so can its fields");
  return fields;
};

const count = (head: string, name: string): number =>
  head.match(new RegExp(`^${name}[ \\t]*:`, "gim"))?.length ?? 0;

const OWNED = /^(?:alice(?:\+.*)?|a\.smith)@example\.net$/i;

/** What may be said of every header that leaves. */
const finished = (head: string, resent: boolean): void => {
  for (const name of ["bcc", "resent-bcc", "return-path"]) assert.equal(count(head, name), 0, name);
  // what is passed on is left as it was. RFC 5322 §3.6.6
  for (const name of resent ? ["from"] : ["from", "date", "message-id"]) {
    assert.equal(count(head, name), 1, name);
  }
  for (const name of resent ? [] : ["sender", "subject", "to", "cc", "reply-to"]) {
    assert.ok(count(head, name) <= 1, name);
  }
  for (const line of head.split("\r\n")) {
    assert.ok(line.length <= 998 && !/[\r\n\0]/.test(line), "a line that may not be sent");
  }
  const again = runPipeline(pipeline(received({ head })));
  assert.ok(Exit.isSuccess(again), "what leaves would be accepted");
  const fields = fieldsOf(again.value.leaving.slice(0, -2));
  const responsible = fields.resent === null
    ? fields.authors
    : fields.resent.from?.list.mailboxes ?? [];
  assert.ok(
    responsible.some((m) => OWNED.test(printMailbox(m))),
    "nobody of the account's is responsible",
  );
};

export const address: Target = {
  name: "address",
  tokens: ADDRESS_TOKENS,
  seeds: [
    "alice@example.net",
    '"a \\"b\\" c"@example.org',
    "Alice (who) <alice@example.net>, group: b@example.org, c@example.org;",
    "<@a.example,@b.example:alice@example.net>",
    "alice@[IPv6:2001:db8::1]",
  ],
  run: (input) => {
    const s = latin1(input);
    const m = parseMailbox(s);
    if (m !== null) {
      const again = parseMailbox(printMailbox(m));
      assert.ok(again !== null && same(again, m), "a mailbox is what it prints as");
    }
    for (const utf8 of [true, false]) {
      const path = readPath(`<${s}> SIZE=1`, utf8);
      if (path._tag === "Mailbox") assert.ok(parseMailbox(printMailbox(path.mailbox)) !== null);
    }
    const list = parseAddressList(s, 100);
    if (typeof list === "string") return;
    const printed = list.addresses.map(printAddress).join(", ");
    const again = parseAddressList(printed, 100);
    assert.ok(typeof again !== "string", `cannot be read again: ${printed}`);
    assert.deepEqual(again.mailboxes.map(printMailbox), list.mailboxes.map(printMailbox));
  },
};

export const date: Target = {
  name: "date",
  tokens: [
    "Tue",
    ", ",
    "24",
    " ",
    "Nov",
    "Feb",
    "2026",
    "99",
    "1",
    ":",
    "06",
    "60",
    "+0100",
    "-0000",
    "EST",
    "Z",
    "(c)",
    "\r\n ",
  ],
  seeds: [
    "Tue, 24 Nov 2026 06:25:50 +0100",
    "1 Jan 99 00:00 EST",
    "Tue , 24 (x) Nov 2026 06:25 GMT",
  ],
  run: (input) => {
    const reading = parseDate(latin1(input));
    if (reading._tag === "Invalid") return;
    assert.ok(Number.isFinite(reading.instant));
    const rewritten = reading._tag === "Valid" ? formatDate(reading.instant, 0) : reading.text;
    const again = parseDate(rewritten);
    assert.ok(
      again._tag === "Valid" && again.instant === reading.instant,
      `${rewritten} is another time`,
    );
  },
};
