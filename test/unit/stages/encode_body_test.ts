/** HDR-26, HDR-27, EXT-8B-3: bodies that may not leave as they came. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import {
  type Given,
  head,
  MemoryBody,
  received,
  run,
  type World,
} from "../../support/submissions.ts";

const LONG = "x".repeat(999);
const FROM = [
  "From: alice@example.net",
  "Date: Tue, 24 Nov 2026 05:25:51 +0000",
  "Message-ID: <1@x>",
];
const MULTIPART = (type: string) => [
  "MIME-Version: 1.0",
  `Content-Type: multipart/${type}; boundary="b"`,
];
const parts = (...texts: ReadonlyArray<string>) =>
  `${texts.map((t) => `--b\r\n${t}\r\n`).join("")}--b--\r\n`;

/** The header's last fields and the body as they leave, or the refusal. */
const outcome = async (lines: ReadonlyArray<string>, text: string, w: World = {}) => {
  const given: Given = { head: head(...FROM, ...lines), text };
  const r = received(given);
  const end = await run(r, w);
  if (end._tag === "Refused") return `${end.reply.slice(0, 9)} ${end.trail.at(-1)?.rule}`;
  assert.ok(r.stored instanceof MemoryBody);
  return {
    fields: end.header.fields.slice(4).map((f) => f.raw.trimEnd()),
    body: r.stored.text,
    rules: end.trail.filter((d) => d.rule === "HDR-27").map((d) => d.verdict),
  };
};

Deno.test("encodeBody() leaves a body alone that may leave", async () => {
  const text = `${"x".repeat(998)}\r\n`;
  assert.deepEqual(await outcome(["Subject: s"], text), {
    fields: ["Subject: s"],
    body: text,
    rules: [],
  });
});

Deno.test("encodeBody() HDR-27: a long line of plain text is quoted, and labelled", async () => {
  const end = await outcome([], `${LONG}\r\nmore\r\n`);
  assert.ok(typeof end !== "string");
  assert.deepEqual(end.fields, [
    "Content-Transfer-Encoding: quoted-printable",
    "MIME-Version: 1.0",
  ]);
  assert.equal(end.body.replaceAll("=\r\n", ""), `${LONG}\r\nmore\r\n`);
  for (const line of end.body.split("\r\n")) assert.ok(line.length <= 76);
  assert.deepEqual(end.rules, ["changed"]);
});

Deno.test("encodeBody() HDR-27: only the part that needs it is encoded", async () => {
  const text = parts("\r\nshort", `Content-Type: text/html\r\n\r\n<p>${LONG}</p>`);
  const end = await outcome(MULTIPART("mixed"), text);
  assert.ok(typeof end !== "string");
  assert.ok(end.body.startsWith("--b\r\n\r\nshort\r\n--b\r\n"));
  assert.match(
    end.body,
    /Content-Type: text\/html\r\nContent-Transfer-Encoding: quoted-printable\r\n/,
  );
});

Deno.test("encodeBody() HDR-27: what is no text goes into base64", async () => {
  const end = await outcome(["MIME-Version: 1.0", "Content-Type: image/x"], `${LONG}\r\n`);
  assert.ok(typeof end !== "string");
  assert.equal(Buffer.from(end.body, "base64").toString(), `${LONG}\r\n`);
});

for (
  const [about, lines, text, world, want] of [
    [
      "HDR-27 a long line in a signed part",
      MULTIPART("signed"),
      parts(`\r\n${LONG}`, "\r\nsig"),
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line in an encrypted part",
      MULTIPART("encrypted"),
      parts(`\r\n${LONG}`),
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line in base64",
      ["MIME-Version: 1.0", "Content-Transfer-Encoding: base64"],
      `${LONG}\r\n`,
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line of a multipart without parts",
      MULTIPART("mixed"),
      `${LONG}\r\n`,
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line before the parts",
      MULTIPART("mixed"),
      `${LONG}\r\n${parts("\r\nx")}`,
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line behind the parts",
      MULTIPART("mixed"),
      `${parts("\r\nx")}${LONG}\r\n`,
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long word in a part's header",
      MULTIPART("mixed"),
      parts(`X-A: ${LONG}\r\n\r\nx`),
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long word in an embedded header",
      MULTIPART("digest"),
      parts(`\r\nSubject: ${LONG}\r\n\r\nx`),
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line of a part without an empty line",
      MULTIPART("mixed"),
      parts(`no field\r\n\r\n${LONG}`),
      {},
      "554 5.6.3 HDR-27",
    ],
    [
      "HDR-27 a long line of a part that says its encoding twice",
      MULTIPART("mixed"),
      parts(`Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64\r\n\r\n${LONG}`),
      {},
      "554 5.6.3 HDR-27",
    ],
    ["HDR-27 a long line where the site does not encode", [], `${LONG}\r\n`, {
      rules: { longLines: "reject" },
    }, "554 5.6.0 HDR-27"],
    [
      "MSA-8.0 a long line under a DKIM signature",
      ["DKIM-Signature: v=1; h=from; bh=x; b=y"],
      `${LONG}\r\n`,
      {},
      "554 5.6.0 MSA-8.0",
    ],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, string, World, string]>
) {
  Deno.test(`encodeBody() refuses ${about}`, async () => {
    assert.equal(await outcome(lines, text, world), want);
  });
}

Deno.test("encodeBody() HDR-27: long lines in headers of parts and embedded messages are folded", async () => {
  const words = "word ".repeat(300).trim();
  for (const type of ["Content-Type: message/rfc822\r\n\r\n", ""]) {
    const end = await outcome(MULTIPART("mixed"), parts(`${type}Subject: ${words}\r\n\r\ntext`));
    assert.ok(typeof end !== "string");
    assert.equal(end.body.replaceAll("\r\n ", " "), parts(`${type}Subject: ${words}\r\n\r\ntext`));
    assert.ok(end.body.split("\r\n").every((line) => line.length <= 998));
    assert.deepEqual(end.rules, ["changed"]);
  }
});

const EIGHT = encodeUtf8("gr\u00fc\u00dfe\r\n");
const encoding: World = { rules: { eightBitBody: "encode" } };

Deno.test("encodeBody() EXT-8B-3, HDR-26: 8-bit text is labelled, and encoded where the site signs", async () => {
  const kept = await outcome([], EIGHT);
  assert.ok(typeof kept !== "string");
  assert.equal(kept.body, EIGHT);
  assert.deepEqual(kept.fields, [
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
  ]);
  const end = await outcome([], EIGHT, encoding);
  assert.ok(typeof end !== "string");
  assert.equal(end.body, "gr=C3=BC=C3=9Fe\r\n");
  assert.equal(end.fields.at(-1), "Content-Transfer-Encoding: quoted-printable");
});

Deno.test("encodeBody() EXT-8B-2: 8-bit text in a signed part stays as it is", async () => {
  const text = parts(`Content-Type: text/plain; charset=utf-8\r\n\r\n${EIGHT}`, "\r\nsig");
  const end = await outcome(MULTIPART("signed"), text, encoding);
  assert.ok(typeof end !== "string");
  assert.equal(end.body, text);
  assert.deepEqual(end.rules, ["pass"]);
});

Deno.test("encodeBody() EXT-BIN-1: binary content is encoded before it is signed, and left alone otherwise", async () => {
  const r = received({
    head: head(...FROM, "MIME-Version: 1.0", "Content-Type: application/x"),
    text: `a\nb\r${"x".repeat(2000)}\r\n`,
  });
  const binary = { ...r, envelope: { ...r.envelope, body: "BINARYMIME" as const } };
  const kept = await run(binary);
  assert.ok(kept._tag === "Accepted" && r.stored instanceof MemoryBody);
  assert.equal(kept.signed.envelope.body, "BINARYMIME");
  const text = r.stored.text;
  const end = await run(binary, encoding);
  assert.ok(end._tag === "Accepted");
  assert.equal(end.signed.envelope.body, "7BIT");
  assert.equal(Buffer.from(r.stored.text, "base64").toString("latin1"), text);
});

const UE = "\xc3\xbc";
const NAMED =
  `Content-Type: application/pdf; name="gr${UE}n; a.pdf"\r\nContent-Disposition: attachment; filename="gr${UE}n; a.pdf"\r\nContent-Description: gr${UE}n\r\n\r\npdf`;

Deno.test("encodeBody() HDR-17: names of parts in UTF-8 are said in ASCII, and nothing else changes", async () => {
  const end = await outcome(MULTIPART("mixed"), parts("\r\nshort", NAMED));
  assert.ok(typeof end !== "string");
  assert.equal(
    end.body,
    parts(
      "\r\nshort",
      "Content-Type: application/pdf; name*=utf-8''gr%C3%BCn%3B%20a%2Epdf\r\n" +
        "Content-Disposition: attachment; filename*=utf-8''gr%C3%BCn%3B%20a%2Epdf\r\n" +
        "Content-Description: =?UTF-8?Q?gr=C3=BCn?=\r\n\r\npdf",
    ),
  );
  assert.deepEqual(end.fields, MULTIPART("mixed"));
  assert.deepEqual(end.rules, []);
});

for (
  const [what, lines, text, more] of [
    ["of a signed part", MULTIPART("signed"), parts(NAMED), {}],
    [
      "of a forwarded message",
      MULTIPART("mixed"),
      parts(
        `Content-Type: message/rfc822\r\n\r\nSubject: gr${UE}n\r\nContent-Description: gr${UE}n\r\n\r\nx`,
      ),
      {},
    ],
    ["in another charset", MULTIPART("mixed"), parts("Content-Description: gr\xfcn\r\n\r\nx"), {}],
    ["that no field holds", MULTIPART("mixed"), parts(`gr${UE}n\r\n\r\nx`), {}],
    ["where SMTPUTF8 was said", MULTIPART("mixed"), parts(NAMED), { smtpUtf8: true }],
    [
      "that programs read in several ways",
      MULTIPART("mixed"),
      parts(`Content-Type: application/pdf; name="a"${UE}"; name=b\r\n\r\nx`),
      {},
    ],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, string, Partial<Given>]>
) {
  Deno.test(`encodeBody() HDR-17: UTF-8 in headers of parts stays ${what}`, async () => {
    const r = received({ head: head(...FROM, ...lines), text, ...more });
    const end = await run(r);
    assert.ok(end._tag === "Accepted" && r.stored instanceof MemoryBody);
    assert.equal(r.stored.text, text);
  });
}
