import assert from "node:assert/strict";
import * as say from "../../../../lib/reply/catalog.ts";
import type { Reply } from "../../../../lib/reply/reply.ts";
import { extensionsWith, NO_OPTIONS } from "../../../../lib/smtp/server/extensions/all.ts";
import type { Rules } from "../../../../lib/smtp/server/extension.ts";
import { octets } from "../../../support/octets.ts";
import { ALICE, RULES, Session } from "../../../support/session.ts";

const ON: Rules = {
  ...RULES,
  extensions: extensionsWith({
    ...NO_OPTIONS,
    burl: [{ prefix: "imap://imap.example.net", origin: "imap.example.net:143" }],
  }),
};

const TOKEN = "0123456789abcdef".repeat(2);
const url = (uid: number, access = "submit+alice%40example.net", host = "imap.example.net") =>
  `imap://alice@${host}/Drafts/;UID=${uid};URLAUTH=${access}:INTERNAL:${TOKEN}`;

const HEAD = "From: alice@example.net\r\nTo: bob@example.org\r\nSubject: x\r\n\r\n";

const say1 = (s: Session, line: string): string => s.write(octets(`${line}\r\n`)).at(-1) ?? "";

const begin = (
  parts: Readonly<Record<number, string | Reply>> = {},
  rules: Rules = ON,
  mail = "MAIL FROM:<alice@example.net>",
): Session => {
  const s = new Session(rules, true);
  for (const [uid, part] of Object.entries(parts)) s.parts.set(url(Number(uid)), part);
  say1(s, "EHLO client.example");
  assert.match(say1(s, `AUTH PLAIN ${btoa(`\0${ALICE}\0secret`)}`), /^235/);
  if (mail === "") return s;
  assert.match(say1(s, mail), /^250/);
  assert.match(say1(s, "RCPT TO:<bob@example.org>"), /^250/);
  return s;
};

Deno.test("EXT-BURL-1: EHLO says BURL alone to strangers, and whom we trust after AUTH, last of all", () => {
  const s = new Session(ON, true);
  assert.equal(s.write(octets("EHLO c.example\r\n")).at(-1), "250 BURL");
  say1(s, `AUTH PLAIN ${btoa(`\0${ALICE}\0secret`)}`);
  assert.equal(
    s.write(octets("EHLO c.example\r\n")).at(-1),
    "250 BURL imap imap://imap.example.net",
  );
});

Deno.test("EXT-BURL-1: switched off, it is not listed, and the verb is not implemented", () => {
  const s = begin({}, RULES);
  assert.match(say1(s, `BURL ${url(1)} LAST`), /^502 5\.5\.1 /);
  assert.ok(!s.write(octets("EHLO c.example\r\n")).some((l) => /BURL/.test(l)));
});

Deno.test("EXT-BURL-1: a whole message by one URL", () => {
  const s = begin({ 1: `${HEAD}body\r\n` });
  assert.equal(say1(s, `BURL ${url(1)} LAST`), "250 2.5.0 OK queued as Q1");
  assert.equal(s.received, "body\r\n");
  assert.equal(s.state._tag, "Ready");
});

Deno.test("EXT-BURL-1: parts by BURL and BDAT in any order, in one group", () => {
  const s = begin({ 2: "from there\r\n", 3: "end\r\n" });
  const got = s.write(octets(
    `BDAT ${HEAD.length}\r\n${HEAD}BURL ${url(2)}\r\nBDAT 5\r\nown\r\nburl ${
      url(3)
    } last\r\nNOOP\r\n`,
  ));
  assert.deepEqual(got.map((l) => l.slice(0, 9)), [
    "250 2.0.0",
    "250 2.5.0",
    "250 2.0.0",
    "250 2.5.0",
    "250 2.0.0",
  ]);
  assert.equal(s.received, "from there\r\nown\r\nend\r\n");
  const first = begin({ 2: `${HEAD}one` });
  assert.match(say1(first, `BURL ${url(2)}`), /^250 2\.5\.0 /);
  assert.match(first.write(octets("BDAT 2 LAST\r\n\r\n")).at(-1) ?? "", /^250 2\.0\.0 /);
  assert.equal(first.received, "one\r\n");
});

Deno.test("EXT-BURL-1: not before TLS, EHLO, login, MAIL; DATA not between parts", () => {
  const clear = new Session(ON, false);
  say1(clear, "EHLO c.example");
  assert.match(say1(clear, `BURL ${url(1)} LAST`), /^530 5\.7\.0 /);
  const tls = new Session(ON, true);
  assert.match(say1(tls, `BURL ${url(1)} LAST`), /^503 5\.5\.1 /);
  say1(tls, "EHLO c.example");
  assert.match(say1(tls, `BURL ${url(1)} LAST`), /^530 5\.7\.0 /);
  assert.match(say1(begin({}, ON, ""), `BURL ${url(1)} LAST`), /^503 5\.5\.1 /);
  const s = begin({ 1: HEAD });
  say1(s, `BURL ${url(1)}`);
  assert.match(say1(s, "DATA"), /^503 5\.5\.1 /);
  assert.match(say1(s, "RSET"), /^250 /);
  assert.equal(s.state._tag, "Ready");
});

Deno.test("EXT-BURL-2: without a recipient it is refused", () => {
  const s = begin({ 1: HEAD }, ON, "");
  say1(s, "MAIL FROM:<alice@example.net>");
  assert.match(say1(s, `BURL ${url(1)} LAST`), /^554 5\.5\.0 /);
  assert.match(say1(s, "RCPT TO:<x@nosuch.example>"), /^550 /);
  assert.match(say1(s, `BURL ${url(1)} LAST`), /^554 5\.5\.0 /);
});

Deno.test("EXT-BURL-2: each refusal has its reply, and ends the transaction", () => {
  const rows: ReadonlyArray<readonly [string, string]> = [
    [`${url(1)} LAST`, "451 4.4.1"],
    [`${url(2)} LAST`, "554 5.6.6"],
    [`${url(9)} LAST`, "554 5.6.6"],
    [`${url(3)} LAST`, "554 5.3.4"],
    [`${url(4)} LAST`, "554 5.6.0"],
    [`${url(1, "submit+bob%40example.net")} LAST`, "554 5.7.0"],
    [`${url(1, "submit+alice")} LAST`, "554 5.7.0"],
    [`${url(1, "user+alice%40example.net")} LAST`, "554 5.7.0"],
    [`${url(1, "authuser")}`, "554 5.7.0"],
    [`${url(1, "anonymous")}`, "554 5.7.0"],
    [`${url(1, undefined, "other.example")} LAST`, "554 5.7.14"],
    [`${url(1, undefined, "imap.example.net:993")} LAST`, "554 5.7.14"],
    [`${url(1)} FIRST`, "501 5.5.4"],
    ["imap://imap.example.net/INBOX/;UID=1 LAST", "501 5.5.4"],
    ["", "501 5.5.4"],
  ];
  for (const [argument, want] of rows) {
    const s = begin({
      1: say.BURL_SERVER_DOWN,
      2: say.BURL_NOT_FETCHED,
      3: `${HEAD}${"x".repeat(20_000)}`,
      4: `${HEAD}bare\nnewline`,
    });
    const got = s.write(octets(`BURL ${argument}\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n`));
    assert.equal(got[0]?.slice(0, want.length), want, argument);
    assert.match(got[1] ?? "", /^503 /, "a message without that part is not taken");
    assert.match(got[2] ?? "", /^250 /);
  }
});

Deno.test("EXT-BURL-2: parts count together against the size of a message", () => {
  const s = begin({ 1: `${HEAD}${"x".repeat(6000)}`, 2: "y".repeat(6000) });
  assert.match(say1(s, `BURL ${url(1)}`), /^250 2\.5\.0 /);
  assert.match(say1(s, `BURL ${url(2)} LAST`), /^554 5\.3\.4 /);
  const mixed = begin({ 1: `${HEAD}${"x".repeat(6000)}` });
  assert.match(say1(mixed, `BURL ${url(1)}`), /^250 2\.5\.0 /);
  const got = mixed.write(octets(`BDAT 6000 LAST\r\n${"y".repeat(6000)}`));
  assert.match(got.at(-1) ?? "", /^552 5\.3\.4 /);
});

Deno.test("BURL: parts without an end to the message end the session", () => {
  const s = begin({ 1: "" }, { ...ON, idleCommands: 5 });
  const got = Array.from({ length: 7 }, () => say1(s, `BURL ${url(1)}`));
  assert.ok(got.some((l) => l.startsWith("421 4.7.0")));
  assert.ok(s.closed);
});
