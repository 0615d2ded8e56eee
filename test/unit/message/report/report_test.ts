import assert from "node:assert/strict";
import { isAscii } from "../../../../lib/address/domain.ts";
import { type Mailbox } from "../../../../lib/address/mailbox.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";
import { writeReport } from "../../../../lib/message/report/report.ts";
import type { Report } from "../../../../lib/message/report/report_types.ts";

const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  assert.ok(m !== null);
  return m;
};

const given: Report = {
  hostname: "msa.example.net",
  to: mailbox("alice@example.net"),
  unique: "u1",
  now: Date.UTC(2026, 0, 2, 3, 4, 5),
  arrivedAt: Date.UTC(2026, 0, 1),
  recipients: [{
    address: "x@example.org",
    status: "5.1.1",
    reply: "550 5.1.1 no such user",
    remote: "mx.example.org",
  }],
  original: "From: alice@example.net\r\nSubject: hello\r\n\r\n",
};

interface Part {
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A reader of its own: unfolds, splits at the first empty line. */
const readPart = (text: string): Part => {
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end).replace(/\r\n(?=[ \t])/g, "");
  const fields = new Map(
    head.split("\r\n").map((l) => {
      const colon = l.indexOf(":");
      return [l.slice(0, colon).toLowerCase(), l.slice(colon + 1).trim()] as const;
    }),
  );
  return { fields, body: text.slice(end + 4) };
};

const read = (r: Report): { readonly top: Part; readonly parts: ReadonlyArray<Part> } => {
  const { head, body } = writeReport(r);
  const top = readPart(head + new TextDecoder().decode(body));
  const boundary = /boundary="([^"]+)"/.exec(top.fields.get("content-type") ?? "")?.[1] ?? "";
  const [preamble, ...rest] = `\r\n${top.body}`.split(`\r\n--${boundary}`);
  assert.equal(preamble, "");
  assert.equal(rest.pop(), "--\r\n");
  return { top, parts: rest.map((p) => readPart(p.slice(2))) };
};

/** The groups of a delivery-status: per message, then one per recipient. */
const groups = (r: Report): ReadonlyArray<ReadonlyMap<string, string>> => {
  const status = read(r).parts[1]?.body ?? "";
  return status.trim().split("\r\n\r\n").map((g) => readPart(`${g}\r\n\r\n`).fields);
};

Deno.test("writeReport() writes the header a report must have, DSN-7", () => {
  const { top } = read(given);
  assert.equal(top.fields.get("from"), "Mail Delivery System <mailer-daemon@msa.example.net>");
  assert.equal(top.fields.get("to"), "<alice@example.net>");
  assert.equal(top.fields.get("auto-submitted"), "auto-replied");
  assert.equal(top.fields.get("date"), "Fri, 2 Jan 2026 03:04:05 +0000");
  assert.match(
    top.fields.get("content-type") ?? "",
    /^multipart\/report; report-type=delivery-status;/,
  );
});

Deno.test("writeReport() has explanation, status and header, in this order", () => {
  const types = read(given).parts.map((p) => p.fields.get("content-type"));
  assert.deepEqual(types, [
    "text/plain; charset=us-ascii",
    "message/delivery-status",
    "text/rfc822-headers",
  ]);
  assert.equal(read(given).parts[2]?.body, "From: alice@example.net\r\nSubject: hello\r\n");
});

Deno.test("writeReport() says what RFC 3464 asks for of message and recipient", () => {
  const [message, recipient] = groups(given);
  assert.deepEqual(Object.fromEntries(message ?? []), {
    "reporting-mta": "dns; msa.example.net",
    "arrival-date": "Thu, 1 Jan 2026 00:00:00 +0000",
  });
  assert.deepEqual(Object.fromEntries(recipient ?? []), {
    "final-recipient": "rfc822; x@example.org",
    action: "failed",
    status: "5.1.1",
    "remote-mta": "dns; mx.example.org",
    "diagnostic-code": "smtp; 550 5.1.1 no such user",
    "last-attempt-date": "Fri, 2 Jan 2026 03:04:05 +0000",
  });
});

const only = (more: Partial<Report["recipients"][number]>): Report => ({
  ...given,
  recipients: [{ ...given.recipients[0]!, ...more }],
});

Deno.test("writeReport() names no remote where none answered", () => {
  const [, recipient] = groups(only({ remote: null, status: "4.4.7" }));
  assert.equal(recipient?.has("remote-mta"), false);
  assert.equal(recipient?.has("diagnostic-code"), false);
  assert.equal(recipient?.get("status"), "4.4.7");
});

Deno.test("DSN-9: writeReport() lets no word of the hop start a field or a part", () => {
  const hostile = "550 x\r\nAction: delivered\r\n\r\n--=_u1--\0\x1b";
  const [, recipient, ...more] = groups(only({ reply: hostile, remote: "mx\r\nAction: x" }));
  assert.equal(recipient?.get("action"), "failed");
  assert.deepEqual(more, []);
  assert.equal(read(only({ reply: hostile })).parts.length, 3);
});

Deno.test("writeReport() folds long words of the hop", () => {
  const long = `550 ${"many words ".repeat(40)}`.trim();
  const { body } = writeReport(only({ reply: long }));
  const lines = new TextDecoder().decode(body).split("\r\n");
  assert.ok(lines.every((l) => l.length <= 78), "a line is too long");
  assert.equal(groups(only({ reply: long }))[1]?.get("diagnostic-code"), `smtp; ${long}`);
});

Deno.test("writeReport() stays ASCII with internationalised addresses and headers", () => {
  const r = {
    ...only({ address: "jürgen@bücher.example" }),
    original: "Subject: \xc3\xbc\r\n\r\n",
  };
  const { head, body } = writeReport(r);
  assert.ok(body.every((b) => b < 0x80) && isAscii(head));
  assert.equal(groups(r)[1]?.get("final-recipient"), "utf-8; j\\x{FC}rgen@b\\x{FC}cher.example");
  const human = read(r).parts[0];
  assert.equal(human?.fields.get("content-transfer-encoding"), "quoted-printable");
  assert.match(human?.body ?? "", /<j=C3=BCrgen@b=C3=BCcher\.example>/);
  assert.doesNotMatch(human?.body ?? "", /x\{/);
  const last = read(r).parts[2];
  assert.equal(last?.fields.get("content-type"), "message/global-headers");
  assert.equal(atob((last?.body ?? "").replaceAll("\r\n", "")), "Subject: \xc3\xbc\r\n");
});

Deno.test("writeReport() leaves the header out where it is not at hand", () => {
  assert.equal(read({ ...given, original: null }).parts.length, 2);
});

for (
  const [status, words] of [
    ["5.1.1", /typing errors/],
    ["5.1.10", /behind the @/],
    ["4.4.7", /did not take it in all this time/],
    ["5.2.2", /mailbox is full/],
    ["5.3.4", /without its attachments/],
    ["5.7.1", /by its rules/],
    ["5.9.9", /show this report to your postmaster/],
  ] as const
) {
  Deno.test(`writeReport() says what to do about ${status}, and whose words it has`, () => {
    const recipients = [{
      address: "bob@example.org",
      status,
      reply: "554 no",
      remote: "mx.example.org",
    }];
    const [first] = read({ ...given, recipients }).parts;
    const text = (first?.body ?? "").replace(/\s+/g, " ");
    assert.match(text, /<bob@example\.org>: mx\.example\.org said: 554 no/);
    assert.match(text, words);
  });
}
