/** Canonical forms, covered fields and the field itself; vectors of RFC 6376 and RFC 8463. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import fc from "fast-check";
import { coveredFields } from "../../../lib/message/dkim/dkim_fields.ts";
import { parseRecord, printRecord, recordStrings } from "../../../lib/message/dkim/dkim_record.ts";
import { RelaxedBody, relaxedField } from "../../../lib/message/dkim/dkim_relaxed.ts";
import { signatureField, signedText } from "../../../lib/message/dkim/dkim_signature.ts";
import { isFault, parseHeader } from "../../../lib/message/header.ts";
import { standardLimits } from "../../../policies/limits.ts";

const header = (text: string) => {
  const h = parseHeader(text, standardLimits, true);
  assert.ok(!isFault(h));
  return h;
};

const octets = (s: string) => Uint8Array.from(s, (c) => c.charCodeAt(0));
const latin1 = (parts: ReadonlyArray<Uint8Array>) => Buffer.concat(parts).toString("latin1");

/** In chunks of the lengths given. */
const relaxed = (text: string, cuts: ReadonlyArray<number> = []): string => {
  const body = new RelaxedBody();
  const out: Array<Uint8Array> = [];
  let at = 0;
  for (const n of [...cuts, text.length]) {
    out.push(body.push(octets(text.slice(at, at + n))).slice());
    at += n;
  }
  return latin1([...out, body.end()]);
};

const hash = (text: string) => createHash("sha256").update(octets(text)).digest("base64");

for (
  const [text, want] of [
    ["", ""],
    ["\r\n", ""],
    ["\r\n\r\n\r\n", ""],
    [" \t \r\n\t\r\n", ""],
    ["a", "a\r\n"],
    ["a\r\n", "a\r\n"],
    ["a\r\n\r\n\r\n", "a\r\n"],
    ["a \t\r\n", "a\r\n"],
    ["a \t b\r\n", "a b\r\n"],
    [" a\r\n", " a\r\n"],
    ["\t\ta\r\n", " a\r\n"],
    ["\r\n\r\na\r\n", "\r\n\r\na\r\n"],
    ["a\r\n \r\n\t\r\nb  c\r\n\r\n", "a\r\n\r\n\r\nb c\r\n"],
    // what BINARYMIME may hold
    ["a\nb\r\n", "a\nb\r\n"],
    ["a \n b\r\n", "a \n b\r\n"],
    ["a\rb", "a\rb\r\n"],
    ["a\r\r\n", "a\r\r\n"],
    ["\r\n \r", "\r\n \r\r\n"],
    // RFC 6376 §3.4.5
    [" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"],
  ] as const
) {
  Deno.test(`RelaxedBody DKIM-5: ${JSON.stringify(text)}`, () => {
    assert.equal(relaxed(text), want);
    for (let cut = 0; cut <= text.length; cut++) assert.equal(relaxed(text, [cut]), want);
    assert.equal(relaxed(text, Array(text.length).fill(1)), want);
  });
}

Deno.test("RelaxedBody DKIM-5: the hash of an empty body is that of the standard", () => {
  assert.equal(hash(relaxed("")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

Deno.test("RelaxedBody gives the same whatever the chunks, and what the rules say line by line", () => {
  const text = fc.array(fc.constantFrom("a", "bc", " ", "\t", "\r\n"), { maxLength: 40 })
    .map((p) => p.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(5)), (body, cuts) => {
      const lines = body.split("\r\n").map((l) => l.replace(/[ \t]+/g, " ").replace(/ $/, ""));
      while (lines.length > 0 && lines.at(-1) === "") lines.pop();
      assert.equal(relaxed(body, cuts), lines.map((l) => `${l}\r\n`).join(""));
    }),
    { numRuns: 2000 },
  );
});

for (
  const [raw, want] of [
    ["A: X\r\n", "a:X\r\n"],
    ["B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"],
    ["SUBJECT:  a   b \r\n", "subject:a b\r\n"],
    ["Subject:\r\n", "subject:\r\n"],
    ["Subject: \r\n \r\n a\r\n", "subject:a\r\n"],
    ["X:a\r\n b\r\n\tc\r\n", "x:a b c\r\n"],
  ] as const
) {
  Deno.test(`relaxedField() DKIM-5: ${JSON.stringify(raw)}`, () => {
    const [f] = header(raw).fields;
    assert.ok(f !== undefined);
    assert.equal(relaxedField(f), want);
  });
}

const MESSAGE = "Received: x\r\nDKIM-Signature: v=1\r\nReturn-Path: <a@b.example>\r\n" +
  "Comments: c\r\nKeywords: k\r\nFrom: a@b.example\r\nSubject: s\r\nX-Other: o\r\n" +
  "Resent-From: new@b.example\r\nResent-From: old@b.example\r\nResent-Bcc: x@b.example\r\n" +
  "List-Id: l\r\nContent-Type: text/plain\r\nContent-Language: en\r\n";

Deno.test("coveredFields() DKIM-2, DKIM-3: what is covered, what more than once, what never", () => {
  const { names } = coveredFields(header(MESSAGE));
  const count = (name: string) => names.filter((n) => n === name).length;
  for (const once of ["reply-to", "date", "to", "cc", "sender", "message-id"]) {
    assert.equal(count(once), 1, once);
  }
  for (const more of ["mime-version", "in-reply-to", "references"]) assert.equal(count(more), 1);
  for (const twice of ["from", "subject", "content-type"]) assert.equal(count(twice), 2, twice);
  assert.deepEqual([count("resent-from"), count("list-id"), count("content-language")], [2, 1, 1]);
  for (
    const never of [
      "received",
      "return-path",
      "comments",
      "keywords",
      "bcc",
      "resent-bcc",
      "dkim-signature",
      "x-other",
    ]
  ) assert.equal(count(never), 0, never);
});

Deno.test("coveredFields() DKIM-4: takes repeated names from the bottom up", () => {
  const { canonical } = coveredFields(header(MESSAGE));
  assert.match(canonical, /resent-from:old@b\.example\r\nresent-from:new@b\.example\r\n/);
});

const TAGS = {
  algorithm: "rsa-sha256",
  domain: "example.net",
  selector: "s1",
  at: 1_700_000_000,
  expires: null,
  names: coveredFields(header(MESSAGE)).names,
  bodyHash: hash(""),
} as const;

Deno.test("signatureField() DKIM-1, DKIM-5, DKIM-6, DKIM-9: its tags, in lines that may be sent", () => {
  const { raw } = signatureField({ ...TAGS, expires: 1_800_000_000 }, "A".repeat(344));
  for (const line of raw.split("\r\n")) assert.ok(line.length <= 78, line);
  const value = raw.replace(/\r\n/g, "").replace(/^DKIM-Signature:/, "").replace(/ /g, "");
  const tags = new Map(value.split(";").map((t) => [t.slice(0, t.indexOf("=")), t]));
  assert.deepEqual([...tags.keys()], ["v", "a", "c", "d", "s", "t", "x", "h", "bh", "b"]);
  assert.equal(tags.get("c"), "c=relaxed/relaxed");
  assert.equal(tags.get("h"), `h=${TAGS.names.join(":")}`);
  assert.equal(tags.get("b"), `b=${"A".repeat(344)}`);
});

Deno.test("signedText() ends with the field without its signature, as a verifier sees it", () => {
  const f = signatureField(TAGS, "QUJD".repeat(40));
  const emptied = { ...f, raw: f.raw.replace(/ b=[^;]*\r\n$/, " b=\r\n") };
  assert.equal(signedText("x:y\r\n", TAGS), `x:y\r\n${relaxedField(emptied).slice(0, -2)}`);
});

// RFC 8463 Appendix A
const SIGNED = "From: Joe SixPack <joe@football.example.com>\r\n" +
  "To: Suzie Q <suzie@shopping.example.net>\r\n" +
  "Subject: Is dinner ready?\r\n" +
  "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" +
  "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
const BODY = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const tagsOf = (algorithm: string, selector: string) =>
  `DKIM-Signature: v=1; a=${algorithm}; c=relaxed/relaxed;\r\n` +
  " d=football.example.com; i=@football.example.com;\r\n" +
  ` q=dns/txt; s=${selector}; t=1528637909; h=from : to :\r\n` +
  " subject : date : message-id : from : subject : date;\r\n" +
  " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=\r\n";
const textOf = (signature: string) =>
  octets(
    ["from", "to", "subject", "date", "message-id"].map((key) => {
      const f = header(SIGNED).fields.find((x) => x.key === key);
      assert.ok(f !== undefined);
      return relaxedField(f);
    }).join("") + header(signature).fields.map(relaxedField).join("").slice(0, -2),
  );

Deno.test("RelaxedBody DKIM-1: the body hash of RFC 8463 Appendix A", () => {
  assert.equal(hash(relaxed(BODY)), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
});

Deno.test("relaxedField() DKIM-1: the Ed25519 signature of RFC 8463 Appendix A, made with its key", () => {
  const seed = Buffer.from("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "base64");
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });
  const text = textOf(tagsOf("ed25519-sha256", "brisbane"));
  const signature = sign(null, createHash("sha256").update(text).digest(), key);
  assert.equal(
    signature.toString("base64"),
    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
  );
});

Deno.test("relaxedField() DKIM-1: the RSA signature of RFC 8463 Appendix A, checked with its record", () => {
  const record = parseRecord([
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id" +
    "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMK" +
    "rM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
  ]);
  assert.ok(record !== null);
  const key = createPublicKey({
    key: Buffer.from(record.key, "base64"),
    format: "der",
    type: "spki",
  });
  const signature = "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+" +
    "FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FA" +
    "DY+8=";
  assert.ok(
    verify(
      "RSA-SHA256",
      textOf(tagsOf("rsa-sha256", "test")),
      key,
      Buffer.from(signature, "base64"),
    ),
  );
});

Deno.test("parseRecord() reads what printRecord() writes, in strings of at most 255 octets", () => {
  const record = { type: "rsa", key: "A".repeat(392) } as const;
  const strings = recordStrings(record);
  assert.ok(strings.every((s) => s.length <= 255) && strings.length === 2);
  assert.equal(strings.join(""), printRecord(record));
  assert.deepEqual(parseRecord(strings), record);
  assert.equal(parseRecord(["v=DKIM2; p=x"]), null);
  assert.equal(parseRecord(["k=dsa; p=x"]), null);
  assert.equal(parseRecord(["v=spf1 -all"]), null);
  assert.deepEqual(parseRecord(["p=A B"]), { type: "rsa", key: "AB" });
});

Deno.test("parseRecord() never throws", () => {
  fc.assert(fc.property(fc.array(fc.string()), (s) => void parseRecord(s)));
});
