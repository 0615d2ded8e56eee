import assert from "node:assert/strict";
import fc from "fast-check";
import { isAscii } from "../../../../lib/address/domain.ts";
import { type Header, isFault, parseHeader } from "../../../../lib/message/header.ts";
import { BodyEncoder, encodedHeader } from "../../../../lib/message/mime/mime_encode.ts";
import { entityOf } from "../../../../lib/message/mime/mime_entity.ts";
import { type BodyLimits, BodySurvey } from "../../../../lib/message/mime/mime_survey.ts";
import { printHeader } from "../../../../lib/message/write.ts";
import { chunked, octets, text } from "../../../support/octets.ts";
import { installed } from "../../../support/postern.ts";
import { readWithPython } from "../../../support/python_mail.ts";

const SEVEN: BodyLimits = { eightBit: false, binary: false };
const EIGHT: BodyLimits = { eightBit: true, binary: false };
const LIMITS = {
  headerBytes: 65536,
  headerFields: 100,
  addressesPerField: 100,
  receivedFields: 50,
};

const split = (message: string): { readonly header: Header; readonly body: string } => {
  const end = message.indexOf("\r\n\r\n");
  const header = parseHeader(message.slice(0, end + 2), LIMITS, true);
  assert.ok(!isFault(header));
  return { header, body: message.slice(end + 4) };
};

/** The message as it leaves, or the fault. */
const converted = (
  message: string,
  limits: BodyLimits,
  cuts: ReadonlyArray<number> = [],
): string => {
  const { header, body } = split(message);
  const root = entityOf(header.fields);
  const survey = new BodySurvey(root, limits);
  for (const c of chunked(body, cuts)) survey.push(c);
  const plan = survey.end();
  if (typeof plan === "string") return plan;
  const encoder = new BodyEncoder(root, plan);
  const out = chunked(body, cuts).flatMap((c) => [...encoder.push(c)]);
  out.push(...encoder.end());
  return `${printHeader(encodedHeader(header, root, plan))}\r\n${out.map(text).join("")}`;
};

const message = (head: string, body: string): string =>
  `From: a@example.net\r\nMIME-Version: 1.0\r\n${head}\r\n${body}`;

const TEXT = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
const MIXED = 'Content-Type: multipart/mixed; boundary="b c"\r\n';

Deno.test("EXT-8B-2: 8-bit text becomes quoted-printable with its label", () => {
  assert.equal(
    converted(message(TEXT, "gr\xc3\xbcn \r\nfoo=bar\r\n"), SEVEN),
    message(
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
      "gr=C3=BCn=20\r\nfoo=3Dbar\r\n",
    ),
  );
});

Deno.test("EXT-8B-2: a message without 8-bit octets leaves as it came", () => {
  const m = message(MIXED, "--b c\r\n\r\nplain\r\n--b c--\r\n");
  assert.equal(converted(m, SEVEN), m);
});

Deno.test("EXT-8B-2: only the parts that need it are encoded", () => {
  const part = (label: string, body: string) => `--b c\r\n${label}\r\n${body}\r\n`;
  const plain = part("Content-Type: text/html\r\n", "<p>= \r\nx");
  assert.equal(
    converted(
      message(MIXED, `${plain}${part(TEXT, "\xc3\xa4 enough text here")}--b c--\r\n`),
      SEVEN,
    ),
    message(
      MIXED,
      `${plain}${
        part(TEXT.replace("8bit", "quoted-printable"), "=C3=A4 enough text here")
      }--b c--\r\n`,
    ),
  );
});

for (
  const [name, m, limits, want] of [
    [
      "EXT-8B-2: nothing inside multipart/signed is touched",
      message(
        "Content-Type: multipart/signed; boundary=s\r\n",
        `--s\r\n${TEXT}\r\n\xc3\xa4\r\n--s\r\n\r\nsig\r\n--s--\r\n`,
      ),
      SEVEN,
      "signed part",
    ],
    [
      "EXT-8B-2: nor deep inside multipart/encrypted",
      message(
        "Content-Type: multipart/encrypted; boundary=s\r\n",
        `--s\r\n${MIXED}\r\n--b c\r\n\r\n\xe4\r\n--b c--\r\n--s--\r\n`,
      ),
      SEVEN,
      "signed part",
    ],
    [
      "EXT-8B-2: encodings are not nested",
      message("Content-Transfer-Encoding: base64\r\n", "\xe4\r\n"),
      SEVEN,
      "nested encoding",
    ],
    [
      "EXT-8B-2: a message part is not encoded as a whole",
      message("Content-Type: message/partial; id=x\r\n", "\xe4\r\n"),
      SEVEN,
      "composite part",
    ],
    [
      "EXT-BIN-1: a long line is encoded even for 8BITMIME",
      message(TEXT, `${"x".repeat(1000)}\r\n`),
      EIGHT,
      message(
        TEXT.replace("8bit", "quoted-printable"),
        `${`${"x".repeat(75)}=\r\n`.repeat(13)}${"x".repeat(25)}\r\n`,
      ),
    ],
    [
      "EXT-BIN-1: a bare LF of binary text is spelt out, and the missing last line end kept missing",
      message("Content-Transfer-Encoding: binary\r\n", "one\ntwo\rthree"),
      EIGHT,
      message(
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "one=0Atwo=0Dthree=\r\n",
      ),
    ],
    [
      "a part that ends within its header",
      message(MIXED, `--b c\r\nContent-Transfer-Encoding: 8bit\r\n--b c--\r\nepilogue\r\n`),
      SEVEN,
      message(MIXED, "--b c\r\nContent-Transfer-Encoding: 7bit\r\n--b c--\r\nepilogue\r\n"),
    ],
    [
      "a nested message is walked, its header labelled",
      message(
        MIXED,
        `--b c\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n` +
          `Subject: x\r\n${TEXT}\r\n\xc3\xa4 and quite some text\r\n--b c--\r\n`,
      ),
      SEVEN,
      message(
        MIXED,
        `--b c\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n` +
          `Subject: x\r\n${
            TEXT.replace("8bit", "quoted-printable")
          }\r\n=C3=A4 and quite some text\r\n--b c--\r\n`,
      ),
    ],
    [
      "entities nest only so deep",
      message(
        MIXED,
        "--b c\r\nContent-Type: message/rfc822\r\n\r\n" +
          "Content-Type: message/rfc822\r\n\r\n".repeat(200),
      ),
      SEVEN,
      "too deep",
    ],
    ["parts are only so many", message(MIXED, "--b c\r\n".repeat(20_000)), SEVEN, "too many parts"],
  ] as const
) {
  Deno.test(name, () => assert.equal(converted(m, limits), want));
}

// --- generated messages, read again by Python -------------------------------------------------

const leafText = fc.array(
  fc.constantFrom(
    "plain",
    "\xc3\xa4",
    " ",
    "=",
    "\r\n",
    "--",
    "--b0",
    "--b1--",
    ".",
    "\t",
    "From ",
  ),
  { maxLength: 30 },
).map((a) => a.join(""));
const leafOctets = fc.array(
  fc.constantFrom("\xff", "\0", "\r", "\n", "\r\n", "x", "\x80\x81\x82", "y".repeat(500)),
  { maxLength: 20 },
).map((a) => a.join(""));

const leaf = fc.oneof(
  leafText.map((t) => `Content-Type: text/plain; charset=utf-8\r\n\r\n${t}`),
  leafText.map((t) => `Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${t}`),
  leafOctets.map((t) =>
    `Content-Type: application/octet-stream\r\ncontent-transfer-encoding: binary\r\n\r\n${t}`
  ),
);

const entity = (depth: number): fc.Arbitrary<string> =>
  depth === 0 ? leaf : fc.oneof(
    leaf,
    fc.tuple(fc.array(entity(depth - 1), { minLength: 1, maxLength: 3 }), fc.boolean()).map((
      [parts, epilogue],
    ) => {
      const b = `boundary ${depth}`;
      const body = parts.map((p) => `--${b}\r\n${p}\r\n`).join("");
      return `Content-Type: multipart/mixed; boundary="${b}"\r\n\r\n${body}--${b}--${
        epilogue ? "\r\nend\r\n" : ""
      }`;
    }),
    entity(depth - 1).map((e) => `Content-Type: message/rfc822\r\n\r\nSubject: x\r\n${e}`),
  );

const whole = entity(3).map((e) => `MIME-Version: 1.0\r\n${e}`);
const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 });

Deno.test("EXT-8B-2: what leaves fits, however the body is split, and fits once more unchanged", () => {
  fc.assert(
    fc.property(whole, cuts, (m, lengths) => {
      const once = converted(m, SEVEN);
      assert.equal(converted(m, SEVEN, lengths), once);
      const { body } = split(once);
      assert.ok(isAscii(body) && !body.includes("\0"));
      assert.ok(body.split("\r\n").every((l) => l.length <= 998 && !/[\r\n]/.test(l)));
      assert.equal(converted(once, SEVEN), once);
    }),
    { numRuns: 1000 },
  );
});

Deno.test({
  name: "EXT-8B-2, EXT-BIN-1: Python's email reads the same content from what came and what leaves",
  ignore: !installed("python3"),
  fn: async () => {
    const samples = fc.sample(whole, 400);
    const both = samples.flatMap((m) => [octets(m), octets(converted(m, SEVEN))]);
    const read = await readWithPython(both);
    samples.forEach((m, i) => assert.deepEqual(read[2 * i + 1], read[2 * i], m));
  },
});
