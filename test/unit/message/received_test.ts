import assert from "node:assert/strict";
import { isFault, parseHeader, unfolded } from "../../../lib/message/header.ts";
import {
  type Client,
  makeReceived,
  protocolName,
  type ReceivedFacts,
} from "../../../lib/message/received.ts";
import { standardLimits } from "../../../policies/limits.ts";
import { mailbox, session } from "../../support/submissions.ts";

const facts: ReceivedFacts = {
  mode: "redacted",
  session,
  hostname: "msa.example.net",
  id: "01ABC",
  authenticated: true,
  utf8: false,
  onlyRecipient: mailbox("bob@example.org"),
  date: "Tue, 24 Nov 2026 05:25:51 +0000",
};
const text = (f: Partial<ReceivedFacts>): string => unfolded(makeReceived({ ...facts, ...f }));
const full = (s: Partial<Client>): string => text({ mode: "full", session: { ...session, ...s } });

Deno.test("makeReceived() says nothing of the client by default", () => {
  assert.equal(
    makeReceived(facts).raw,
    "Received: from submission.invalid by msa.example.net with ESMTPSA id 01ABC\r\n" +
      " for <bob@example.org> tls TLS_AES_256_GCM_SHA384;\r\n Tue, 24 Nov 2026 05:25:51 +0000\r\n",
  );
});

Deno.test("EXT-PRI-2, TRC-1: makeReceived() tells the priority behind TLS", () => {
  assert.match(text({ priority: -3 }), / tls TLS_AES_256_GCM_SHA384 priority -3; /);
  assert.match(text({ priority: 0 }), / priority 0; /);
});

Deno.test("makeReceived() names no recipient where there are several", () => {
  assert.doesNotMatch(text({ onlyRecipient: null }), / for /);
});

for (
  const [name, s, want] of [
    ["name and address", {}, "from laptop.example.net ([192.0.2.7]) by"],
    ["an address alone for a name that is none", { helo: "my_pc" }, "from [192.0.2.7] by"],
    ["an address alone for an injection", { helo: "x) by evil (" }, "from [192.0.2.7] by"],
    [
      "a name that is not ASCII as a comment",
      { helo: "M\\x{DC}LLER-PC" },
      "from [192.0.2.7] (M\\\\x{DC}LLER-PC) by",
    ],
    ["no comment of what is no name", { helo: "\\x{DC}) by (" }, "from [192.0.2.7] by"],
    ["no comment without end", { helo: "\\x{DC}".repeat(100) }, "from [192.0.2.7] by"],
    ["a literal that was said", { helo: "[192.0.2.8]" }, "from [192.0.2.8] ([192.0.2.7]) by"],
    ["IPv6", { clientAddress: "2001:db8::7" }, "from laptop.example.net ([IPv6:2001:db8::7]) by"],
    [
      "IPv6 without its zone",
      { clientAddress: "fe80::1%eth0" },
      "from laptop.example.net ([IPv6:fe80::1]) by",
    ],
    ["nothing for what is no address", { clientAddress: "unix" }, "from submission.invalid by"],
  ] as const
) {
  Deno.test(`makeReceived() in mode full gives ${name}`, () => {
    assert.ok(full(s).startsWith(want), full(s));
  });
}

Deno.test("makeReceived() leaves out a cipher that is no name", () => {
  assert.doesNotMatch(full({ tls: { cipher: "x\r\nEvil: y" } }), /Evil| tls /);
  assert.doesNotMatch(full({ tls: null }), / tls /);
});

Deno.test("makeReceived() writes a U-label only with SMTPUTF8", () => {
  const onlyRecipient = mailbox("bob@bücher.example");
  assert.match(text({ onlyRecipient }), /for <bob@xn--bcher-kva\.example>/);
  assert.match(text({ onlyRecipient, utf8: true }), /for <bob@b\xc3\xbccher\.example>/);
  assert.doesNotMatch(text({ onlyRecipient: mailbox("jörg@example.org") }), / for /);
});

Deno.test("protocolName() follows RFC 3848 and RFC 6531 §4.3", () => {
  const tls = { cipher: "TLS_AES_256_GCM_SHA384" };
  const name = (extended: boolean, secured: boolean, authenticated: boolean, utf8: boolean) =>
    protocolName({
      session: { ...session, extended, tls: secured ? tls : null },
      authenticated,
      utf8,
    });
  assert.deepEqual([
    name(false, false, false, false),
    name(true, false, false, false),
    name(true, true, false, false),
    name(true, false, true, false),
    name(true, true, true, false),
    name(true, true, true, true),
    name(true, false, false, true),
  ], ["SMTP", "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA", "UTF8SMTPSA", "UTF8SMTP"]);
});

Deno.test("makeReceived() is one field whatever the peer says", () => {
  for (const helo of ["a\r\nX: y", "(", "a b", "\0", "a;b", "ü"]) {
    const h = parseHeader(
      makeReceived({ ...facts, mode: "full", session: { ...session, helo } }).raw,
      standardLimits,
      false,
    );
    assert.ok(!isFault(h) && h.fields.length === 1);
  }
});
