import assert from "node:assert/strict";
import fc from "fast-check";
import { isAscii } from "../../../lib/address/domain.ts";
import { downgradeHeader, downgradePart } from "../../../lib/message/downgrade.ts";
import { encodeText } from "../../../lib/message/encoded_word.ts";
import { isFault } from "../../../lib/message/header.ts";
import { partFields } from "../../../lib/message/mime/mime_entity.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { printHeader } from "../../../lib/message/write.ts";
import { installed } from "../../support/postern.ts";
import { headersWithPython } from "../../support/python_mail.ts";

const downgraded = (...lines: ReadonlyArray<string>): string => {
  const made = downgradeHeader({ fields: partFields(encodeUtf8(lines.join("\r\n") + "\r\n")) });
  return isFault(made) ? `${made.field}: ${made.problem}` : printHeader(made);
};

for (
  const [name, line, want] of [
    ["leaves ASCII as it is", "Subject:  x \r\n y", "Subject:  x \r\n y\r\n"],
    [
      "encodes free text",
      "Subject: viel Grün hier",
      "Subject: viel =?UTF-8?Q?Gr=C3=BCn?= hier\r\n",
    ],
    [
      "keeps the blanks between encoded words",
      "Subject: ä  ö =?utf-8?q?x?= ü",
      "Subject: =?UTF-8?Q?=C3=A4__=C3=B6_?= =?utf-8?q?x?= =?UTF-8?B?IMO8?=\r\n",
    ],
    [
      "says U-labels as A-labels, and names as encoded words",
      'From: "Grün, Anna" <anna@bücher.example>, b@example.org',
      "From: =?UTF-8?Q?Gr=C3=BCn=2C_Anna?= <anna@xn--bcher-kva.example>,\r\n b@example.org\r\n",
    ],
    [
      "encodes comments, and keeps them",
      "To: bob@example.org (Jörg \\(alt\\)), a@example.org (x)",
      "To: bob@example.org (=?UTF-8?Q?J=C3=B6rg_=28alt=29?=), a@example.org (x)\r\n",
    ],
    [
      "encodes comments of dates",
      "Date: Tue, 24 Nov 2026 05:25:51 +0000 (Mitteleuropäische Zeit)",
      "Date: Tue, 24 Nov 2026 05:25:51 +0000\r\n (=?UTF-8?Q?Mitteleurop=C3=A4ische_Zeit?=)\r\n",
    ],
    [
      "encodes keywords one by one",
      "Keywords: Größe, klein",
      "Keywords: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?= , klein\r\n",
    ],
    [
      "goes into groups",
      "To: Grüne: a@bücher.example, Bö <b@example.org>;",
      "To: =?UTF-8?Q?Gr=C3=BCne?= : a@xn--bcher-kva.example, =?UTF-8?B?QsO2?=\r\n <b@example.org>;\r\n",
    ],
    ["has no form for a local part", "To: grün@example.org", "To: cannot be said without UTF-8"],
    [
      "has no form for an identifier",
      "Message-ID: <ä@b.example>",
      "Message-ID: cannot be said without UTF-8",
    ],
    [
      "extends parameters",
      'Content-Disposition: attachment; filename="grün und weit.txt"; size=3',
      "Content-Disposition: attachment;\r\n" +
      " filename*0*=utf-8''gr%C3%BCn%20und%20weit%2Et; filename*1*=xt; size=3\r\n",
    ],
    [
      "drops the clause of trace that names an address",
      "Received: from a by b with UTF8SMTP for <ü@example.org>; Tue, 1 Jan 2026 00:00:00 +0000",
      "Received: from a by b with UTF8SMTP; Tue, 1 Jan 2026 00:00:00 +0000\r\n",
    ],
  ] as const
) Deno.test(`EXT-UTF-7: downgradeHeader() ${name}`, () => assert.equal(downgraded(line), want));

Deno.test("EXT-UTF-6: downgradePart() writes the header of a part in ASCII, line by line", () => {
  const raw = encodeUtf8('Content-Type: image/png; name="ü.png"\r\nContent-ID: <a@b>\r\n\r\n');
  assert.equal(
    downgradePart(raw),
    "Content-Type: image/png; name*=utf-8''%C3%BC%2Epng\r\nContent-ID: <a@b>\r\n\r\n",
  );
  assert.equal(downgradePart(encodeUtf8("Content-ID: <ü@b>\r\n\r\n")), null);
  assert.equal(downgradePart("X: \xff\r\n"), null);
});

const words = fc.array(
  fc.constantFrom(
    "Grün",
    "ä",
    "plain",
    "日本語日本語日本語日本語日本語日本語",
    "=?x",
    "a_b",
    "?=",
    "é".repeat(60),
    "  ",
    "\u{1f600}",
  ),
  { minLength: 1, maxLength: 12 },
).map((w) => w.join(" ").trim());

Deno.test({
  name: "EXT-UTF-7: Python's email reads subjects and names as they were",
  ignore: !installed("python3"),
  fn: async () => {
    const texts = fc.sample(words, 300).filter((t) => t !== "");
    const messages = texts.map((t) =>
      `${downgraded(`Subject: ${t}`)}${
        downgraded(`From: "${t.replace(/["\\]/g, "\\$&")}" <a@bücher.example>`)
      }\r\n`
    );
    for (const m of messages) {
      assert.ok(isAscii(m) && m.split("\r\n").every((l) => l.length <= 78), m);
    }
    const read = await headersWithPython(messages, ["subject", "from"]);
    // Python itself makes one blank of many beside an encoded word
    const one = (t: string): string => t.replace(/ +/g, " ");
    texts.forEach((t, i) => {
      const [subject = "", from = ""] = read[i] ?? [];
      assert.equal(one(subject), one(t));
      if (!isAscii(t)) assert.equal(one(from), one(`${t} <a@xn--bcher-kva.example>`));
    });
  },
});

Deno.test("encodeText() is ASCII and its pieces stay below 76 characters", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (t) => {
    for (const p of encodeText(t.replace(/\s/g, " "))) {
      if (p.startsWith("=?UTF-8?")) assert.ok(isAscii(p) && p.trimEnd().length <= 75);
    }
  }));
});
