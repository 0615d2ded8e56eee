/** The session machine with its line and data readers: octets of a client, split anywhere. */
import assert from "node:assert/strict";
import { RULES, Session } from "../../support/session.ts";
import { pieces, type Target } from "../target.ts";

const REPLY = /^[2-5][0-5][0-9](?:[ -]|$)/;
/** A positive, a temporary and a permanent reply carry a code of their own class. RFC 2034 §4 */
const WITH_CODE = /^([245])[0-5][0-9][ -]\1\.[0-9]{1,3}\.[0-9]{1,3} /;
/** Greeting, EHLO and HELO are exempt, and 3yz has none. */
const BARE = /^(?:220|250)[ -]msa\.example\.net|^250[ -][A-Z0-9]+(?: |$)|^3/;

/** A sentence that is only ever data. Were it taken for a command, this reply would be seen. */
const MARK = "VRFY taken-for-a-command";

const begin = (): Session => {
  const s = new Session(RULES, true);
  const octets = (line: string) => new TextEncoder().encode(`${line}\r\n`);
  s.write(octets("EHLO fuzz.example"));
  s.write(octets(`AUTH PLAIN ${btoa("\0alice@example.net\0secret")}`));
  return s;
};

export const smtp: Target = {
  name: "smtp",
  tokens: [
    "EHLO x\r\n",
    "HELO x\r\n",
    "MAIL FROM:<alice@example.net>",
    "MAIL FROM:<>",
    "RCPT TO:<bob@example.org>",
    'RCPT TO:<"b b"@example.org>',
    "RCPT TO:<@a.example:b@example.org>",
    " SIZE=100",
    " BODY=8BITMIME",
    " SMTPUTF8",
    " AUTH=<>",
    " FOO=1",
    " BODY=BINARYMIME",
    " RET=FULL ENVID=a+2B",
    " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b",
    " REQUIRETLS",
    "BDAT 12\r\n",
    "BDAT 5 LAST\r\n",
    "BDAT 99999999999999999999\r\n",
    "\r\n",
    "\r\n",
    "DATA\r\n",
    "DATA\r\n",
    "Subject: x\r\n",
    "\r\n.\r\n",
    ".\r\n",
    "..\r\n",
    `${MARK}\r\n`,
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "VRFY x\r\n",
    "HELP\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN ",
    "AUTH LOGIN\r\n",
    "=\r\n",
    "*\r\n",
    "AAAA\r\n",
    "EXPN x\r\n",
    "a".repeat(100),
  ],
  seeds: [
    "MAIL FROM:<alice@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n",
    "MAIL FROM:<alice@example.net> SIZE=5 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<x@example.org>\r\nRSET\r\nNOOP\r\n",
    "RSET\r\nEHLO again.example\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nDATA\r\n..\r\n.\r\n",
  ],
  run: (input, random) => {
    const s = begin();
    const said: Array<string> = [];
    for (const piece of pieces(input, random)) {
      said.push(...s.write(piece));
      if (s.closed) break;
    }
    for (const line of said) {
      assert.ok(line.length <= 510, "a reply line is too long");
      assert.match(line, REPLY);
      assert.match(line, /^[\x20-\x7e]*$/, "a reply holds what is not printable");
      assert.ok(WITH_CODE.test(line) || BARE.test(line), `no enhanced code of its class: ${line}`);
    }
    if (s.state._tag === "Mail") assert.ok(s.state.recipients.length <= RULES.recipients);
    const replies = said.filter((l) => l[3] !== "-").length;
    assert.ok(replies <= input.length + 10, "more replies than there can be commands");
  },
};

/** Whatever stands between DATA and the end mark is data: no reply comes before the end. RFC 5321 §4.1.1.4 */
export const smuggling: Target = {
  name: "smuggling",
  tokens: [
    "\n.\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\0.\r\n",
    ".\n",
    ".\r",
    "\r\r\n.\r\r\n",
    "\n\n.\n\n",
    "\r\n..\r\n",
    "\r\n. \r\n",
    "\r\n.\r\r\n",
    `\r\n${MARK}\r\n`,
    "MAIL FROM:<>\r\n",
    "text",
    "\r\n",
  ],
  seeds: [],
  run: (input, random) => {
    const latin1 = Array.from(input, (c) => String.fromCharCode(c)).join("");
    // cut before anything that is an end mark; the true one follows
    const at = `\r\n${latin1}`.indexOf("\r\n.\r\n");
    const data = at < 0 ? latin1 : latin1.slice(0, at);
    const whole = `${data}\r\n.\r\n`;
    // what the cut itself may have made: an end mark at once, which is another test's
    if (`\r\n${whole}`.indexOf("\r\n.\r\n") !== data.length + 2) return;
    const s = begin();
    const octets = (t: string) => Uint8Array.from(t, (c) => c.charCodeAt(0));
    s.write(octets("MAIL FROM:<alice@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"));
    const said: Array<string> = [];
    for (const piece of pieces(octets(whole), random)) said.push(...s.write(piece));
    assert.equal(said.length, 1, `one reply to the data, not ${JSON.stringify(said)}`);
    const spoiled = /\0|\r(?!\n)|(?:^|[^\r])\n/.test(data);
    assert.match(
      said[0] ?? "",
      spoiled ? /^554 5\.6\.0 / : /^(?:250 2\.0\.0|552 5\.3\.4|554 5\.6\.0) /,
    );
    assert.deepEqual(s.write(octets("NOOP\r\n")).map((l) => l.slice(0, 9)), ["250 2.0.0"]);
  },
};
