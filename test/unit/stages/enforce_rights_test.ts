import assert from "node:assert/strict";
import { Effect } from "effect";
import { enforceReturnPath } from "../../../lib/stages/enforce_rights.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import {
  alice,
  type Given,
  head,
  mailbox,
  refusedFor,
  submit,
  usual,
  type World,
  world,
} from "../../support/submissions.ts";

const from = (value: string, more: ReadonlyArray<string> = []) => ({
  head: head(`From: ${value}`, ...more),
});

for (
  const value of [
    "alice@example.net",
    "Alice <ALICE@EXAMPLE.NET>",
    '"alice"@example.net',
    "a.smith@example.net",
    "alice+list@example.net",
    "CEO of the Bank <alice@example.net>",
    '"ceo@bank.example" <alice@example.net>',
    "alice@example.net (ceo@bank.example)",
    "Team: alice@example.net;",
    "alice@example.net, a.smith@example.net",
    "Team: Alice <alice@example.net>, a.smith@example.net;",
    "<@relay.example:alice@example.net>",
  ]
) {
  Deno.test(`enforceRights() admits From: ${value}`, async () => {
    assert.equal((await submit(from(value)))._tag, "Accepted");
  });
}

for (
  const [value, want] of [
    ["bob@example.net", "550 5.7.1 RGT-5"],
    ["Alice <bob@example.net>", "550 5.7.1 RGT-5"],
    ['"alice@example.net" <bob@example.net>', "550 5.7.1 RGT-5"],
    ["(alice@example.net) bob@example.net", "550 5.7.1 RGT-5"],
    ["bob@example.net (alice@example.net)", "550 5.7.1 RGT-5"],
    ["=?utf-8?Q?alice=40example=2Enet?= <bob@example.net>", "550 5.7.1 RGT-5"],
    ["Team: bob@example.net;", "550 5.7.1 RGT-5"],
    ["bob@example.net, carol@example.net", "550 5.7.1 RGT-5"],
    ["bob@example.net, alice@example.net", "550 5.7.1 RGT-5"],
    ["alice@example.net, bob@example.net", "550 5.7.1 RGT-5"],
    ["Team: alice@example.net, bob@example.net;", "550 5.7.1 RGT-5"],
    ["A: alice@example.net;, B: bob@example.net;", "550 5.7.1 RGT-5"],
    [`${"alice@example.net, ".repeat(99)}bob@example.net`, "550 5.7.1 RGT-5"],
    ["alice@example.net, ceo@bank.example", "550 5.7.1 RGT-5"],
    ["Team: alice@example.net, ceo@bank.example;", "550 5.7.1 RGT-5"],
    ["alice@example.org", "550 5.7.1 RGT-5"],
    ["alice@sub.example.net", "550 5.7.1 RGT-5"],
    ["alice@[192.0.2.1]", "550 5.7.1 RGT-5"],
    ['"alice "@example.net', "550 5.7.1 RGT-5"],
    ['" alice"@example.net', "550 5.7.1 RGT-5"],
    ['"alice@example.net"@example.org', "550 5.7.1 RGT-5"],
    ["alice%example.net@example.org", "550 5.7.1 RGT-5"],
    ["alice+@example.net", "550 5.7.1 RGT-5"],
    ["alicex@example.net", "550 5.7.1 RGT-5"],
    ["postmaster@example.net", "550 5.7.1 RGT-5"],
    ["<@example.net:bob@example.net>", "550 5.7.1 RGT-5"],
    ["bob\r\n @example.net", "550 5.7.1 RGT-5"],
    ["\r\n bob@example.net", "550 5.7.1 RGT-5"],
    ["Robot:;", "550 5.7.1 HDR-9"],
    ["alice@example.net <bob@example.net>", "550 5.7.1 RGT-5"],
    ["alice@example.net\r\n bob@example.net", "554 5.6.0 MSA-5.1"],
    ["<alice@example.net> <bob@example.net>", "554 5.6.0 MSA-5.1"],
    ["<alice@example.net>, <<bob@example.net>>", "554 5.6.0 MSA-5.1"],
    ["alice@example.net@bank.example", "554 5.6.0 MSA-5.1"],
    ["alice@example.net.", "554 5.6.0 MSA-5.1"],
    ["G: H: alice@example.net;;", "554 5.6.0 MSA-5.1"],
    ["=?utf-8?B?YWxpY2VAZXhhbXBsZS5uZXQ=?=", "554 5.6.0 MSA-5.1"],
    ["", "554 5.6.0 HDR-3"],
  ] as const
) {
  Deno.test(`enforceRights() refuses From: ${JSON.stringify(value)}`, async () => {
    assert.equal(await refusedFor(from(value)), want);
  });
}

for (
  const [value, want] of [
    ["alice@example.net, bob@example.net", null],
    ["bob@example.net, alice@example.net", null],
    ["bob@example.net, carol@example.net", "550 5.7.1 RGT-5"],
    ["alice@example.net, ceo@bank.example", "550 5.7.1 RGT-9"],
    ["Team: alice@example.net, ceo@bank.example;", "550 5.7.1 RGT-9"],
  ] as const
) {
  Deno.test(`enforceRights() of one author ${want === null ? "admits" : "refuses"} From: ${value}`, async () => {
    const w: World = { rights: { checks: { header: "one", resend: "any", nameAddress: "local" } } };
    if (want === null) assert.equal((await submit(from(value), w))._tag, "Accepted");
    else assert.equal(await refusedFor(from(value), w), want);
  });
}

Deno.test("enforceRights() asks for every author of Resent-From, and by resend = own of the From that is passed on", async () => {
  const passed = (resent: string, author: string) => ({
    head: head(`Resent-From: ${resent}`, "Resent-To: x@example.org", `From: ${author}`),
  });
  const two = "alice@example.net, bob@example.net";
  assert.equal(await refusedFor(passed(two, "alice@example.net")), "550 5.7.1 RGT-5");
  const own: World = {
    rights: { checks: { header: "every", resend: "own", nameAddress: "local" } },
  };
  assert.equal(await refusedFor(passed("alice@example.net", two), own), "550 5.7.1 RGT-5");
  const alone = passed("alice@example.net", "alice@example.net");
  assert.equal((await submit(alone, own))._tag, "Accepted");
});

for (
  const local of ["\u212Aate", "al\u0131ce", "\uFF41lice", "alice\u200b", "alic\u0435"]
) {
  Deno.test(`enforceRights() refuses the look-alike ${JSON.stringify(local)}`, async () => {
    const kate = { ...alice, aliases: [mailbox("kate@example.net")] };
    const given = { head: encodeUtf8(head(`From: ${local}@example.net`)), smtpUtf8: true };
    assert.equal(await refusedFor(given, { accounts: [kate] }), "550 5.7.1 RGT-5");
  });
}

for (
  const lines of [
    ["From: alice@example.net", "From: bob@example.net"],
    ["From: bob@example.net", "From: alice@example.net"],
    ["From : bob@example.net", "From: alice@example.net"],
    ["from: bob@example.net", "FROM: alice@example.net"],
  ]
) {
  Deno.test(`enforceRights() never sees ${lines.join(" | ")}`, async () => {
    assert.equal(await refusedFor({ head: head(...lines) }), "554 5.6.0 HDR-1");
  });
}

Deno.test("enforceRights() looks at Resent-From, not From, of a message passed on", async () => {
  const resent = (who: string) => ({
    head: head(`Resent-From: ${who}`, "Resent-To: x@example.org", "From: stranger@example.com"),
  });
  assert.equal((await submit(resent("alice@example.net")))._tag, "Accepted");
  assert.equal(await refusedFor(resent("bob@example.net")), "550 5.7.1 RGT-5");
});

Deno.test("enforceRights() names the field in the reply", async () => {
  const end = await submit(from("bob@example.net"));
  assert.ok(end._tag === "Refused");
  assert.equal(
    end.reply,
    "550 5.7.1 Your account may not send as the address in the From field " +
      "You may send as alice@example.net, a.smith@example.net",
  );
});

Deno.test("enforceRights() refuses a return path of somebody else and takes a null one", async () => {
  const given = from("alice@example.net");
  assert.equal(await refusedFor({ ...given, returnPath: "bob@example.net" }), "550 5.7.1 RGT-1");
  assert.equal((await submit({ ...given, returnPath: null }))._tag, "Accepted");
});

for (
  const [path, granted] of [
    ["alice@example.net", true],
    ["a.smith@example.net", true],
    ["Alice+x@Example.NET", true],
    [null, true],
    ["bob@example.net", false],
    ["alice@example.org", false],
    ["postmaster@example.net", false],
  ] as const
) {
  Deno.test(`enforceReturnPath() ${granted ? "admits" : "refuses"} ${path}`, async () => {
    const verdict = await Effect.runPromise(
      enforceReturnPath(alice, path === null ? null : mailbox(path), usual).pipe(
        Effect.match({
          onSuccess: (d) => d.verdict,
          onFailure: (r) => `${r.reply.code} ${r.reply.detail}`,
        }),
        Effect.provide(world()),
      ),
    );
    assert.equal(verdict, granted ? "pass" : "550 7.1");
  });
}

// attempts to be somebody else, each by another way of writing it; threats.md rows 19, 20, 21
const NFD = "jose\u0301@example.net";
for (
  const [about, lines, want, more] of [
    ["a domain in other letters", ["From: alice@ex\u0430mple.net"], "550 5.7.1 RGT-5", {
      smtpUtf8: true,
    }],
    ["a full-width domain", ["From: alice@\uff45xample.net"], "554 5.6.0 MSA-5.1", {
      smtpUtf8: true,
    }],
    ["an ideographic stop", ["From: alice@example\u3002net"], "554 5.6.0 MSA-5.1", {
      smtpUtf8: true,
    }],
    ["an accent of its own", [`From: ${NFD}`], "550 5.7.1 RGT-5", { smtpUtf8: true }],
    ["another's subaddress", ["From: bob+alice@example.net"], "550 5.7.1 RGT-5"],
    ["a subaddress in quotes", ['From: "bob+alice@example.net"@example.net'], "550 5.7.1 RGT-5"],
    ["an alias with a suffix", ["From: a.smith.bob@example.net"], "550 5.7.1 RGT-5"],
    ["blanks around dots", ["From: b . ob@example . net"], "550 5.7.1 RGT-5"],
    ["a quoted part among atoms", ['From: bob."x"@example.net'], "550 5.7.1 RGT-5"],
    [
      "a colleague's Resent-From",
      ["Resent-From: bob@example.net", "From: alice@example.net"],
      "550 5.7.1 RGT-5",
    ],
    [
      "a Resent-From in an older block",
      ["Resent-From: bob@example.net", "Resent-From: alice@example.net", "From: alice@example.net"],
      "550 5.7.1 RGT-5",
    ],
    [
      "a Resent-From behind a field that never leaves",
      ["Resent-Bcc: x@example.org", "Resent-From: bob@example.net", "From: alice@example.net"],
      "550 5.7.1 RGT-5",
    ],
    ["a group of a colleague and oneself elsewhere", [
      "From: Us: alice@example.net, bob@example.org;",
    ], "550 5.7.1 RGT-5"],
    ["a group within a list", ["From: Us: bob@example.net;, carol@example.net"], "550 5.7.1 RGT-5"],
    ["an encoded word as address", ["From: =?utf-8?q?alice?=@example.net"], "550 5.7.1 RGT-5"],
    [
      "a comment between the parts",
      ["From: bob(alice)@(example.org)example.net"],
      "550 5.7.1 RGT-5",
    ],
    [
      "a folded name",
      ["From\r\n : bob@example.net", "From: alice@example.net"],
      "554 5.6.0 HDR-13",
    ],
    [
      "a name with a trailing blank",
      ["From : alice@example.net", "From: bob@example.net"],
      "554 5.6.0 HDR-1",
    ],
    [
      "a name behind a byte order mark",
      ["\ufeffFrom: bob@example.net", "From: alice@example.net"],
      "554 5.6.0 HDR-13",
      { smtpUtf8: true },
    ],
    [
      "a Sender of a colleague",
      ["From: alice@example.net", "Sender: bob@example.net"],
      "550 5.7.1 SND-10",
    ],
    ["two Senders", [
      "From: alice@example.net",
      "Sender: alice@example.net",
      "Sender: bob@example.net",
    ], "554 5.6.0 SND-01"],
    ["a Resent-Sender of a colleague", [
      "Resent-From: alice@example.net",
      "Resent-Sender: bob@example.net",
      "From: x@example.org",
    ], "550 5.7.1 SND-16"],
    ["a second From behind the first", [
      "From: alice@example.net",
      "Subject: x",
      "From: bob@example.net",
    ], "554 5.6.0 HDR-1"],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, string, Partial<Given>?]>
) {
  Deno.test(`enforceRights() is not fooled by ${about}`, async () => {
    const given = { head: encodeUtf8(head(...lines)), ...more };
    const jose = { ...alice, aliases: [...alice.aliases, mailbox("jos\u00e9@example.net")] };
    assert.equal(await refusedFor(given, { accounts: [jose] }), want);
  });
}
