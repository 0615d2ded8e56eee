import assert from "node:assert/strict";
import fc from "fast-check";
import { parseImapUrl } from "../../../../lib/smtp/syntax/imap_url.ts";

const TOKEN = "91354a473744909de610943775f92038";

Deno.test("EXT-BURL-1: parseImapUrl() reads the URLs of RFC 4467 and RFC 4468", () => {
  const read = (url: string) => {
    const u = parseImapUrl(url);
    return u === null ? null : [u.origin, u.access];
  };
  assert.deepEqual(
    read(
      `imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:${TOKEN}`,
    ),
    ["example.com:143", "submit+fred"],
  );
  assert.deepEqual(
    read(
      `imap://harry@gryffindor.example.com/outbox;uidvalidity=1078863300/;uid=25;urlauth=submit+harry:internal:${TOKEN}`,
    ),
    ["gryffindor.example.com:143", "submit+harry"],
  );
  assert.deepEqual(
    read(
      `imap://a%40b.example;AUTH=*@IMAP.example:1143/A%20b/c/;UID=1/;SECTION=HEADER/;PARTIAL=0.5;EXPIRE=2026-11-24T00:00:00Z;URLAUTH=submit+a%40b.example:INTERNAL:${TOKEN}`,
    ),
    ["imap.example:1143", "submit+a@b.example"],
  );
});

Deno.test("EXT-BURL-1: parseImapUrl() takes nothing else", () => {
  const good = `imap://h.example/INBOX/;UID=20;URLAUTH=submit+f:INTERNAL:${TOKEN}`;
  assert.notEqual(parseImapUrl(good), null);
  for (
    const bad of [
      "imap://h.example/INBOX/;UID=20",
      good.replace("imap:", "imaps:"),
      good.replace("imap:", "http:"),
      good.replace("imap://", "imap://h2.example\\@"),
      good.replace("UID=20", "UID=0"),
      good.replace("INBOX/", ""),
      good.replace("h.example", "h.example:0"),
      good.replace("h.example", "h.example:65536"),
      good.replace("submit+f", "submit+%ff"),
      good.replace("INBOX", 'IN"BOX'),
      good.replace("INBOX", "IN BOX"),
      good.replace("INBOX", "IN\r\nBOX"),
      good.replace("INBOX", "IN%BOX"),
      good.slice(0, -1),
      `${good}x`,
      `${good}\n`,
      `${good}"`,
      `${good};URLAUTH=submit+g:INTERNAL:${TOKEN}`,
    ]
  ) assert.equal(parseImapUrl(bad), null, bad);
});

Deno.test("parseImapUrl() keeps what it read, octet by octet, and never more than fits a quoted string", () => {
  const word = fc.stringMatching(/^(?:[A-Za-z0-9._~&=@:/-]|%[2-7][0-9A-F]){1,20}$/);
  const user = fc.stringMatching(/^[a-z0-9.@ "\\;:%]{1,20}$/);
  fc.assert(fc.property(word, user, fc.integer({ min: 1, max: 65535 }), (box, name, port) => {
    const url = `imap://h.example:${port}/${box}/;UID=7;URLAUTH=submit+${
      encodeURIComponent(name)
    }:INTERNAL:${TOKEN}`;
    const u = parseImapUrl(url);
    assert.equal(u?.text, url);
    assert.equal(u?.origin, `h.example:${port}`);
    assert.equal(u?.access, `submit+${name}`);
  }));
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(80), (junk, at) => {
    const good = `imap://h.example/INBOX/;UID=20;URLAUTH=submit+f:INTERNAL:${TOKEN}`;
    const u = parseImapUrl(good.slice(0, at) + junk + good.slice(at));
    assert.ok(u === null || /^[!#-[\]-~]+$/.test(u.text));
  }));
});
