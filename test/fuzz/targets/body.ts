/** Bodies: chunks of BDAT split anywhere, and MIME entities on their way to a hop that takes ASCII only. */
import assert from "node:assert/strict";
import { isAscii } from "../../../lib/address/domain.ts";
import { downgradePart } from "../../../lib/message/downgrade.ts";
import { BodyEncoder } from "../../../lib/message/mime/mime_encode.ts";
import { entityOf, partFields } from "../../../lib/message/mime/mime_entity.ts";
import { BodySurvey } from "../../../lib/message/mime/mime_survey.ts";
import { latin1, octetsOf } from "../../../lib/message/text.ts";
import { RULES, Session } from "../../support/session.ts";
import { pieces, type Target } from "../target.ts";

const MARK = "VRFY taken-for-a-command\r\n";

/** A chunk is read to its end whatever the answer; none of its octets is a command. RFC 3030 §2 */
export const chunks: Target = {
  name: "chunks",
  tokens: [
    "\r\n",
    "\r\n.\r\n",
    ".",
    "\r",
    "\n",
    "\0",
    MARK,
    "QUIT\r\n",
    "BDAT 3\r\n",
    "Subject: x\r\n",
    "\xff",
  ],
  seeds: [`Subject: x\r\n\r\n.\r\n${MARK}`],
  run: (input, random) => {
    const s = new Session({ ...RULES, errors: 1e6 }, true);
    const say = (text: string) => s.write(octetsOf(text));
    say("EHLO fuzz.example\r\n");
    say(`AUTH PLAIN ${btoa("\0alice@example.net\0secret")}\r\n`);
    // with a transaction, or where the chunks are refused one by one
    if (random.below(4) > 0) {
      const binary = random.below(2) === 0 ? " BODY=BINARYMIME" : "";
      say(`MAIL FROM:<alice@example.net>${binary}\r\nRCPT TO:<bob@example.org>\r\n`);
    }
    const body = latin1(input);
    let wire = "";
    let commands = 0;
    let at = 0;
    do {
      const n = Math.min(body.length - at, random.below(30));
      const last = at + n === body.length || random.below(9) === 0;
      wire += `BDAT ${n}${last ? " LAST" : ""}\r\n${body.slice(at, at + n)}`;
      at += n;
      commands++;
    } while (at < body.length && commands < 60);
    const said = pieces(octetsOf(wire), random).flatMap((p) => [...s.write(p)]);
    assert.equal(said.length, commands, said.join(" / "));
    assert.ok(
      said.every((l) => /^(?:250 2\.0\.0|503 5\.5\.1|552 5\.3\.4|554 5\.6\.0) /.test(l)),
      said.join(" / "),
    );
    assert.deepEqual(say("NOOP\r\n"), ["250 2.0.0 OK"]);
  },
};

/** What leaves is ASCII in lines that fit, the same however it is cut, and needs no second encoding. RFC 6152 §3 */
export const mime: Target = {
  name: "mime",
  tokens: [
    "Content-Type: multipart/mixed; boundary=b\r\n",
    'Content-Type: multipart/digest; boundary="b c"\r\n',
    "Content-Type: message/rfc822\r\n",
    "Content-Type: multipart/signed; boundary=s\r\n",
    "Content-Type: text/plain; charset=utf-8; name=\xc3\xa4\r\n",
    "Content-Type: image/png\r\n",
    "Content-Transfer-Encoding: 8bit\r\n",
    "Content-Transfer-Encoding: binary\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    'Content-Disposition: attachment; filename="\xc3\xbc"\r\n',
    "\r\n",
    "\r\n\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "\r\n--b c \t\r\n",
    "\r\n--b c--\r\n",
    "\r\n--s\r\n",
    "\r\n--s--",
    "--b\r\n",
    "\xc3\xa4",
    "\xff",
    "\r",
    "\n",
    "\0",
    " ",
    "=",
    "x".repeat(500),
  ],
  seeds: [
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa4\r\n--b--\r\n",
    "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n\xff",
  ],
  run: (input, random) => {
    const text = latin1(input);
    const cut = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") + 2;
    const root = entityOf(partFields(text.slice(0, Math.max(cut, 0))));
    const body = text.slice(cut < 2 ? 0 : cut + 2);
    const convert = (parts: ReadonlyArray<Uint8Array>): string | null => {
      const survey = new BodySurvey(root, { eightBit: false, binary: false });
      for (const p of parts) survey.push(p);
      const plan = survey.end();
      if (typeof plan === "string") return null;
      let unfit = false;
      const encoder = new BodyEncoder(root, plan, (raw) => {
        const made = downgradePart(raw);
        if (made === null) unfit = true;
        return made ?? raw;
      });
      const out = [...parts.flatMap((p) => [...encoder.push(p)]), ...encoder.end()].map(latin1)
        .join("");
      return unfit ? null : out;
    };
    const whole = convert([octetsOf(body)]);
    assert.equal(convert(pieces(octetsOf(body), random)), whole);
    if (whole === null) return;
    assert.ok(isAscii(whole), "8-bit octets are left");
  },
};
