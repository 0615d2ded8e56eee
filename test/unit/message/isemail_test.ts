/**
 * The addresses of the isemail collection, in a header and in a path.
 *
 * `V` valid, by DNS or not; `C` valid with comments or folding; `D` deprecated; `X` of RFC 5322 alone, or too long;
 * `E` no address. What this parser says otherwise is argued, row by row.
 */
import assert from "node:assert/strict";
import { parseMailbox } from "../../../lib/address/path.ts";
import { parseAddressList } from "../../../lib/message/address_list.ts";
import { isFault, parseHeader } from "../../../lib/message/header.ts";
import { characters } from "../../../lib/message/parse.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { standardLimits } from "../../../policies/limits.ts";

type Category = "V" | "C" | "D" | "X" | "E";
type Verdict = "accept" | "obsolete" | "refuse";

/** In `To:`; obsolete forms are read and written anew. RFC 5322 §4 */
const inHeader = (address: string): Verdict => {
  const header = parseHeader(`To:${encodeUtf8(address)}\r\n`, standardLimits, true);
  const [field, ...others] = isFault(header) ? [] : header.fields;
  if (field === undefined || others.length > 0) return "refuse";
  const list = parseAddressList(characters(field), 10);
  if (typeof list === "string" || list.mailboxes.length !== 1) return "refuse";
  return list.obsolete || field.misfit ? "obsolete" : "accept";
};

const inPath = (address: string): Verdict => parseMailbox(address) === null ? "refuse" : "accept";

const WANT: Readonly<Record<Category, readonly [Verdict, Verdict]>> = {
  V: ["accept", "accept"],
  C: ["accept", "refuse"],
  D: ["obsolete", "refuse"],
  X: ["refuse", "refuse"],
  E: ["refuse", "refuse"],
};

const L64 = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";

const AGREED: ReadonlyArray<readonly [string, Category]> = [
  ["", "E"],
  ["test", "E"],
  ["@", "E"],
  ["test@", "E"],
  ["@io", "E"],
  ["@iana.org", "E"],
  ["test@iana.org", "V"],
  ["test@nominet.org.uk", "V"],
  ["test@about.museum", "V"],
  ["a@iana.org", "V"],
  ["test@e.com", "V"],
  ["test@iana.a", "V"],
  ["test.test@iana.org", "V"],
  [".test@iana.org", "E"],
  ["test.@iana.org", "E"],
  ["test..iana.org", "E"],
  ["test_exa-mple.com", "E"],
  ["!#$%&`*+/=?^`{|}~@iana.org", "V"],
  ["test\\@test@iana.org", "E"],
  ["123@iana.org", "V"],
  ["test@123.com", "V"],
  ["test@iana.123", "V"],
  ["test@255.255.255.255", "V"],
  [`${L64}@iana.org`, "V"],
  [`test@${"a".repeat(63)}.com`, "V"],
  [`test@${"a".repeat(64)}.com`, "X"],
  ["test@mason-dixon.com", "V"],
  ["test@-iana.org", "E"],
  ["test@iana-.com", "E"],
  ["test@c--n.com", "V"],
  ["test@iana.co-uk", "V"],
  ["test@.iana.org", "E"],
  ["test@iana.org.", "E"],
  ["test@iana..com", "E"],
  [`a@${"a.".repeat(126)}a`, "V"],
  ['"test"@iana.org', "V"],
  ['"""@iana.org', "E"],
  ['"\\a"@iana.org', "V"],
  ['"\\""@iana.org', "V"],
  ['"\\"@iana.org', "E"],
  ['"\\\\"@iana.org', "V"],
  ['test"@iana.org', "E"],
  ['"test@iana.org', "E"],
  ['"test"test@iana.org', "E"],
  ['test"text"@iana.org', "E"],
  ['"test""test"@iana.org', "E"],
  ['"test"."test"@iana.org', "D"],
  ['"test\\ test"@iana.org', "V"],
  ['"test".test@iana.org', "D"],
  ['"test\u0000"@iana.org', "E"],
  ["test@a[255.255.255.255]", "E"],
  ["test@[255.255.255.255]", "V"],
  ["test@[255.255.255]", "X"],
  ["test@[255.255.255.255.255]", "X"],
  ["test@[255.255.255.256]", "X"],
  ["test@[1111:2222:3333:4444:5555:6666:7777:8888]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:7777]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:7777:8888]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:7777:8888:9999]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:7777:888G]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666::8888]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555::8888]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666::7777:8888]", "X"],
  ["test@[IPv6::3333:4444:5555:6666:7777:8888]", "X"],
  ["test@[IPv6:::3333:4444:5555:6666:7777:8888]", "V"],
  ["test@[IPv6:1111::4444:5555::8888]", "X"],
  ["test@[IPv6:::]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555:255.255.255.255]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.255]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666:7777:255.255.255.255]", "X"],
  ["test@[IPv6:1111:2222:3333:4444::255.255.255.255]", "V"],
  ["test@[IPv6:1111:2222:3333:4444:5555:6666::255.255.255.255]", "X"],
  ["test@[IPv6:1111:2222:3333:4444:::255.255.255.255]", "X"],
  ["test@[IPv6::255.255.255.255]", "X"],
  ["test@ iana .com", "D"],
  ["test . test@iana.org", "D"],
  ["\r\n test@iana.org", "C"],
  ["\r\n \r\n test@iana.org", "D"],
  ["(comment)test@iana.org", "C"],
  ["((comment)test@iana.org", "E"],
  ["(comment(comment))test@iana.org", "C"],
  ["test(comment)test@iana.org", "E"],
  [`(comment)${L64}@iana.org`, "C"],
  ["test@iana.org\n", "E"],
  ["test@xn--hxajbheg2az3al.xn--jxalpdlp", "V"],
  ["xn--test@iana.org", "V"],
  ["test@iana.org-", "E"],
  ["(test@iana.org", "E"],
  ["test@(iana.org", "E"],
  ["test@[1.2.3.4", "E"],
  ['"test\\"@iana.org', "E"],
  ["(comment\\)test@iana.org", "E"],
  ["test@iana.org(comment\\)", "E"],
  ["test@iana.org(comment\\", "E"],
  ["test@[RFC-5322-domain-literal]", "X"],
  ["test@[RFC-5322]-domain-literal]", "E"],
  ["test@[RFC-5322-[domain-literal]", "E"],
  ["test@[RFC-5322-\\\u0007-domain-literal]", "X"],
  ["test@[RFC-5322-\\\t-domain-literal]", "X"],
  ["test@[RFC-5322-\\]-domain-literal]", "X"],
  ["test@[RFC-5322-domain-literal\\]", "E"],
  ["test@[RFC-5322-domain-literal\\", "E"],
  ["test@[RFC 5322 domain literal]", "X"],
  ["test@[RFC-5322-domain-literal] (comment)", "X"],
  ["\u007f@iana.org", "E"],
  ["test@\u007f.org", "E"],
  ["test@iana.org\r", "E"],
  ["\rtest@iana.org", "E"],
  ['"\rtest"@iana.org', "E"],
  ["(\r)test@iana.org", "E"],
  ["test@iana.org(\r)", "E"],
  ["\ntest@iana.org", "E"],
  ['"\n"@iana.org', "E"],
  ["(\n)test@iana.org", "E"],
  ["\u0007@iana.org", "E"],
  ["test@\u0007.org", "E"],
  ["\r\ntest@iana.org", "E"],
  ["\r\n \r\ntest@iana.org", "E"],
  [" \r\ntest@iana.org", "E"],
  [" \r\n test@iana.org", "C"],
  [" \r\n \r\ntest@iana.org", "E"],
  [" \r\n\r\ntest@iana.org", "E"],
  [" \r\n\r\n test@iana.org", "E"],
  ["test@iana.org\r\n \r\n ", "D"],
  ["test@iana.org\r\n", "E"],
  ["test@iana.org\r\n \r\n", "E"],
  ["test@iana.org \r\n", "E"],
  ["test@iana.org \r\n \r\n", "E"],
  ["test@iana.org \r\n\r\n", "E"],
  ["test@iana.org \r\n\r\n ", "E"],
  [" test@iana.org", "C"],
  ["test@iana.org ", "C"],
  ["test@[IPv6:1::2:]", "X"],
  ["test@iana/icann.org", "X"],
  ["test.(comment)test@iana.org", "D"],
  ["test@org", "V"],
  ["test@test.com", "V"],
];

const ARGUED: ReadonlyArray<readonly [string, Category, Verdict, Verdict, string]> = [
  [
    `${L64}m@iana.org`,
    "X",
    "accept",
    "refuse",
    "a header has no limit there; SMTP has. RFC 5321 §4.5.3.1.1",
  ],
  [
    `a@${"a.".repeat(127)}a`,
    "X",
    "accept",
    "accept",
    "the limit of 254 is that of a path, which MAIL and RCPT check. RFC 5321 §4.5.3.1.3",
  ],
  ['""@iana.org', "V", "refuse", "refuse", "a mailbox without a name is nobody's"],
  [
    '"test\\\u0000"@iana.org',
    "D",
    "refuse",
    "refuse",
    "control characters may not be sent. RFC 5322 §4",
  ],
  [
    `"${L64}"@iana.org`,
    "X",
    "accept",
    "accept",
    "64 octets are counted without the quotes. RFC 5321 §4.5.3.1.1",
  ],
  [
    " test @iana.org",
    "D",
    "accept",
    "refuse",
    "blanks before @ are only discouraged. RFC 5322 §3.4.1",
  ],
  ["test@(comment)iana.org", "D", "accept", "refuse", "likewise comments"],
  ["test(comment)@iana.org", "D", "accept", "refuse", "likewise comments"],
  ["test@(comment)[255.255.255.255]", "D", "accept", "refuse", "likewise comments"],
  ['"\u007f"@iana.org', "D", "refuse", "refuse", "control characters may not be sent. RFC 5322 §4"],
  [
    '"\\\u007f"@iana.org',
    "D",
    "refuse",
    "refuse",
    "control characters may not be sent. RFC 5322 §4",
  ],
  [
    "(\u007f)test@iana.org",
    "D",
    "refuse",
    "refuse",
    "control characters may not be sent. RFC 5322 §4",
  ],
  ['"\\\n"@iana.org', "D", "refuse", "refuse", "control characters may not be sent. RFC 5322 §4"],
  ['"\u0007"@iana.org', "D", "refuse", "refuse", "control characters may not be sent. RFC 5322 §4"],
  [
    '"\\\u0007"@iana.org',
    "D",
    "refuse",
    "refuse",
    "control characters may not be sent. RFC 5322 §4",
  ],
  [
    "(\u0007)test@iana.org",
    "D",
    "refuse",
    "refuse",
    "control characters may not be sent. RFC 5322 §4",
  ],
  [
    "test@iana.org\r\n ",
    "C",
    "obsolete",
    "refuse",
    "a line of blanks only may not be sent. RFC 5322 §3.2.2",
  ],
  [
    "test@iana.org \r\n ",
    "C",
    "obsolete",
    "refuse",
    "a line of blanks only may not be sent. RFC 5322 §3.2.2",
  ],
  [
    '"test\\\u00a9"@iana.org',
    "E",
    "accept",
    "refuse",
    "UTF-8 may be quoted in a header; in a path there is no need to. RFC 6532 §3.2",
  ],
];

for (const [address, category] of AGREED) {
  Deno.test(`isemail ${category}: ${JSON.stringify(address).slice(0, 90)}`, () => {
    assert.deepEqual([inHeader(address), inPath(address)], WANT[category]);
  });
}

for (const [address, category, header, path, why] of ARGUED) {
  Deno.test(`isemail ${category}, but ${why}: ${JSON.stringify(address).slice(0, 60)}`, () => {
    assert.deepEqual([inHeader(address), inPath(address)], [header, path]);
    assert.notDeepEqual([header, path], WANT[category]);
  });
}
