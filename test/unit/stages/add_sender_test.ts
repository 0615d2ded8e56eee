import assert from "node:assert/strict";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import {
  alice,
  type Given,
  head,
  leaving,
  mailbox,
  refusedFor,
  submit,
  type World,
} from "../../support/submissions.ts";

const COMPLETE = ["Date: Tue, 24 Nov 2026 05:25:51 +0000", "Message-ID: <1@x>"];
const RESENT = ["Resent-Date: Tue, 24 Nov 2026 05:25:51 +0000", "Resent-Message-ID: <1@x>"];
const ORIGINAL = ["From: stranger@x.example", ...COMPLETE];
const DKIM = (h: string) => `DKIM-Signature: v=1; h=${h}; b=x`;

/** The switches by which all rows of the table can be reached. */
const ENVELOPE: World = {
  rules: { senderMatch: "envelope" },
  rights: { checks: { header: "one", resend: "any", nameAddress: "local" } },
};

/** What stands in Sender and Resent-Sender, Resent-From afterwards, and the rules that said so. */
const outcome = async (
  lines: ReadonlyArray<string>,
  given: Partial<Given> = {},
  w: World = ENVELOPE,
) => {
  const out = await leaving({ head: head(...lines), ...given }, w);
  const { trail } = await submit({ head: head(...lines), ...given }, w);
  const rules = trail.filter((d) => d.stage === "add_sender").map((d) => d.rule);
  return [rules.join(" "), ...out.filter((l) => /^(?:resent-)?sender:|^resent-from:/i.test(l))];
};

const SENDER = "Sender: alice@example.net";
for (
  const [lines, want, given] of [
    [["From: alice@example.net"], ["SND-05"]],
    [["From: Alice+list@EXAMPLE.net"], ["SND-05"]],
    [["From: alice@example.net", "Sender: alice@example.net"], ["SND-06", SENDER]],
    [["From: a.smith@example.net"], ["SND-07", SENDER]],
    [["From: alice@example.net"], ["SND-07", "Sender: a.smith@example.net"], {
      returnPath: "a.smith@example.net",
    }],
    [["From: alice@example.net", "Sender: A <a.smith@example.net>"], [
      "SND-08",
      "Sender: A <a.smith@example.net>",
    ]],
    [["From: a.smith@example.net", "Sender: evil@x.example"], ["SND-09", SENDER]],
    [["From: a.smith@example.net", "Sender: Nobody:;"], ["SND-09", SENDER]],
    [["From: alice@example.net, bob@example.net"], ["SND-11", SENDER]],
    [["From: Team: alice@example.net, bob@example.net;"], ["SND-11", SENDER]],
    [["From: a.smith@example.net, bob@example.net"], ["SND-11", SENDER]],
    [["From: alice@example.net"], ["SND-05"], { returnPath: null }],
    [["From: a.smith@example.net"], ["SND-07", SENDER], { returnPath: null }],
    [[DKIM("from:sender"), "From: a.smith@example.net"], ["SND-17"]],
  ] as ReadonlyArray<[ReadonlyArray<string>, ReadonlyArray<string>, Partial<Given>?]>
) {
  Deno.test(`addSender() decides on ${lines.join(" | ")} as ${want.join(" ")}`, async () => {
    assert.deepEqual(await outcome([...lines, ...COMPLETE], given), want);
  });
}

for (
  const [lines, want] of [
    [["From: alice@example.net", "Sender: bob@example.net"], "550 5.7.1 SND-10"],
    [["From: alice@example.net, bob@example.net", "Sender: bob@example.net"], "550 5.7.1 SND-10"],
    [["From: alice@example.net", "Sender: Nobody:;"], "550 5.7.1 SND-10"],
    [[DKIM("sender"), "From: a.smith@example.net", "Sender: evil@x.example"], "550 5.7.1 SND-17"],
    [[DKIM("sender"), "From: alice@example.net, bob@example.net"], "554 5.6.0 SND-17"],
    [
      ["Resent-From: alice@example.net", "Resent-Sender: bob@example.net", "From: s@x.example"],
      "550 5.7.1 SND-16",
    ],
    [
      ["Resent-To: x@x.example", "Resent-Sender: bob@example.net", "From: s@x.example"],
      "550 5.7.1 SND-16",
    ],
    [[DKIM("resent-from"), "Resent-To: x@x.example", "From: s@x.example"], "554 5.6.0 SND-17"],
  ] as const
) {
  Deno.test(`addSender() refuses ${lines.join(" | ")}`, async () => {
    assert.equal(await refusedFor({ head: head(...lines) }, ENVELOPE), want);
  });
}

for (
  const [block, want] of [
    [["Resent-From: alice@example.net"], ["SND-14", "Resent-From: alice@example.net"]],
    [["Resent-To: bob@example.org"], ["SND-13 SND-14", "Resent-From: alice@example.net"]],
    [["Resent-From: a.smith@example.net"], [
      "SND-15",
      "Resent-From: a.smith@example.net",
      "Resent-Sender: alice@example.net",
    ]],
    [["Resent-From: alice@example.net, bob@example.net"], [
      "SND-15",
      "Resent-From: alice@example.net, bob@example.net",
      "Resent-Sender: alice@example.net",
    ]],
    [["Resent-From: a.smith@example.net", "Resent-Sender: evil@x.example"], [
      "SND-16",
      "Resent-From: a.smith@example.net",
      "Resent-Sender: alice@example.net",
    ]],
  ] as const
) {
  Deno.test(`addSender() decides on the block ${block.join(" | ")} as ${want[0]} and leaves Sender alone`, async () => {
    const [rule, ...fields] = want;
    const [got, ...left] = await outcome([...block, ...RESENT, ...ORIGINAL]);
    assert.deepEqual([got, ...left.sort()], [rule, ...fields]);
  });
}

Deno.test("addSender() drops or replaces a foreign Sender where the policy repairs it", async () => {
  const w: World = { ...ENVELOPE, rules: { ...ENVELOPE.rules, foreignSender: "fix" } };
  assert.deepEqual(
    await outcome(["From: alice@example.net", "Sender: bob@example.net", ...COMPLETE], {}, w),
    ["SND-10"],
  );
  assert.deepEqual(
    await outcome(
      ["From: alice@example.net, bob@example.net", "Sender: bob@example.net", ...COMPLETE],
      {},
      w,
    ),
    ["SND-10", SENDER],
  );
});

const ALIAS = "a.smith@example.net";
const CAROL = { ...alice, aliases: [...alice.aliases, mailbox("carol@example.net")] };
const several = (...authors: ReadonlyArray<string>) => `From: ${authors.join(", ")}`;

for (
  const [what, lines, want, given] of [
    ["adds none to an alias", [`From: ${ALIAS}`], ["SND-05"]],
    ["adds none to an alias in another return path", ["From: alice@example.net"], ["SND-05"], {
      returnPath: ALIAS,
    }],
    ["adds none without a return path", [`From: ${ALIAS}`], ["SND-05"], { returnPath: null }],
    ["adds none beside a signature", [DKIM("from:sender"), `From: ${ALIAS}`], ["SND-05"]],
    ["leaves the one that the client wrote", [`From: ${ALIAS}`, SENDER], ["SND-08", SENDER]],
    ["names an author where there are several, not the login", [
      several(ALIAS, "carol@example.net"),
    ], ["SND-11", `Sender: ${ALIAS}`]],
    ["names the return path where that is an author", [
      several(ALIAS, "alice@example.net"),
    ], ["SND-11", SENDER]],
    ["adds no Resent-Sender to an alias", [
      `Resent-From: ${ALIAS}`,
      ...RESENT,
      "From: stranger@x.example",
    ], ["SND-14", `Resent-From: ${ALIAS}`]],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, ReadonlyArray<string>, Partial<Given>?]>
) {
  Deno.test(`addSender() by rights, the default, ${what}`, async () => {
    const w: World = { accounts: [CAROL] };
    assert.deepEqual(await outcome([...lines, ...COMPLETE], given, w), want);
  });
}

Deno.test("addSender() by rights refuses a foreign Sender beside an alias", async () => {
  const lines = [`From: ${ALIAS}`, "Sender: evil@x.example"];
  assert.equal(await refusedFor({ head: head(...lines) }), "550 5.7.1 SND-10");
});

Deno.test("addSender() writes U-labels only with SMTPUTF8", async () => {
  const from = ["From: a.smith@example.net", ...COMPLETE];
  const account = { ...alice, aliases: [...alice.aliases, mailbox("alice@bücher.example")] };
  const w: World = { ...ENVELOPE, accounts: [account] };
  const given = { returnPath: "alice@bücher.example" };
  assert.deepEqual(await outcome(from, given, w), [
    "SND-07",
    "Sender: alice@xn--bcher-kva.example",
  ]);
  assert.deepEqual(
    await outcome(from, { ...given, smtpUtf8: true }, w),
    ["SND-07", encodeUtf8("Sender: alice@bücher.example")],
  );
});

Deno.test("addSender() refuses what it could write only with SMTPUTF8", async () => {
  const account = { ...alice, primary: mailbox("älice@example.net"), aliases: [alice.primary] };
  const given = { head: head("From: alice@example.net"), returnPath: null };
  assert.equal(await refusedFor(given, { ...ENVELOPE, accounts: [account] }), "550 5.6.7 SND-07");
});

Deno.test("addSender() notes the purported responsible address, which is the account's", async () => {
  for (
    const from of ["alice@example.net", "a.smith@example.net", "alice@example.net, bob@example.net"]
  ) {
    const { trail } = await submit({ head: head(`From: ${from}`) }, ENVELOPE);
    const facts = trail.find((d) => d.stage === "add_sender")?.facts;
    assert.deepEqual([facts?.["pra"], facts?.["praIsOwn"]], ["alice@example.net", true]);
  }
});
