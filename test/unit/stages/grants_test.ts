/** The rows of requirements.md §9, and what grants add to it. */
import assert from "node:assert/strict";
import { type Grant, parsePrincipal, type Permission } from "../../../lib/address/grant.ts";
import { parsePattern } from "../../../lib/address/pattern.ts";
import type { Account } from "../../../lib/ports/accounts.ts";
import {
  alice,
  type Given,
  head,
  leaving,
  NOW,
  refusedFor,
  submit,
  type World,
} from "../../support/submissions.ts";

const pattern = (text: string) => {
  const p = parsePattern(text);
  assert.ok(p !== null, text);
  return p;
};
const principal = (text: string) => {
  const p = parsePrincipal(text);
  assert.ok(p !== null, text);
  return p;
};
const grant = (address: string, more: Partial<Grant> = {}): Grant => ({
  principal: principal("alice@example.net"),
  address: pattern(address),
  mode: "as",
  credential: null,
  recipients: null,
  until: null,
  ...more,
});
const permission = (name: Permission["name"], address: string | null = null): Permission => ({
  principal: principal("alice@example.net"),
  name,
  address: address === null ? null : pattern(address),
});

/** Alice with these grants in the configuration. */
const granted = (...grants: ReadonlyArray<Grant>): World => ({ rights: { grants } });

const COMPLETE = ["Date: Tue, 24 Nov 2026 05:25:51 +0000", "Message-ID: <1@x>"];
const message = (from: string, more: Partial<Given> = {}): Given => ({
  head: head(`From: ${from}`, ...COMPLETE),
  ...more,
});

const senderOf = async (given: Given, w: World): Promise<string | null> =>
  (await leaving(given, w)).find((l) => l.startsWith("Sender:")) ?? null;

for (
  const [about, given, world, want] of [
    [
      "RGT-1 a granted address as return path and author",
      message("sales@example.net", { returnPath: "sales@example.net" }),
      granted(grant("sales@example.net")),
      null,
    ],
    [
      "RGT-4 send as, with an own return path: no Sender",
      message("sales@example.net"),
      granted(grant("sales@example.net")),
      null,
    ],
    [
      "RGT-4 on behalf, with an own return path: Sender names the submitter",
      message("boss@example.net"),
      granted(grant("boss@example.net", { mode: "on-behalf" })),
      "Sender: alice@example.net",
    ],
    [
      "RGT-4 as wins over on behalf",
      message("boss@example.net", { returnPath: "boss@example.net" }),
      granted(grant("boss@example.net", { mode: "on-behalf" }), grant("*@example.net")),
      null,
    ],
    [
      "SND-11 several authors, all on behalf",
      message("bob@example.net, carol@example.net"),
      granted(grant("*@example.net", { mode: "on-behalf" })),
      "Sender: alice@example.net",
    ],
    [
      "SND-08 a Sender that was granted stays",
      {
        head: head("From: boss@example.net", "Sender: sales@example.net", ...COMPLETE),
      },
      granted(grant("boss@example.net", { mode: "on-behalf" }), grant("sales@example.net")),
      "Sender: sales@example.net",
    ],
    [
      "SND-09 a Sender that was granted on behalf only is replaced",
      { head: head("From: boss@example.net", "Sender: boss@example.net", ...COMPLETE) },
      granted(grant("boss@example.net", { mode: "on-behalf" })),
      "Sender: alice@example.net",
    ],
    [
      "SND-12 a From of nobody, with the right to it",
      message("Robot:;"),
      { rights: { permissions: [permission("group-from")] } },
      "Sender: alice@example.net",
    ],
    [
      "RGT-9 authors of several domains, with the right to it",
      message("alice@example.net, bob@other.example"),
      {
        rights: {
          permissions: [permission("several-domains")],
          checks: { header: "one", resend: "any", nameAddress: "local" },
        },
      },
      "Sender: alice@example.net",
    ],
    [
      "RGT-5 domain: a colleague in From",
      message("bob@example.net"),
      { rights: { checks: { header: "domain", resend: "any", nameAddress: "local" } } },
      "Sender: alice@example.net",
    ],
    [
      "RGT-5 off: a stranger in From",
      message("ceo@bank.example"),
      { rights: { checks: { header: "off", resend: "any", nameAddress: "local" } } },
      "Sender: alice@example.net",
    ],
    [
      "a grant of a credential that signed in",
      message("printer@example.net", { returnPath: "printer@example.net", credential: "scan" }),
      granted(grant("printer@example.net", { credential: "scan" })),
      null,
    ],
    [
      "a grant for recipients, all of whom match",
      message("sales@example.net", {
        returnPath: "sales@example.net",
        recipients: ["a@customer.example", "b@customer.example"],
      }),
      granted(grant("sales@example.net", { recipients: [pattern("*@customer.example")] })),
      null,
    ],
    [
      "a grant that holds until a moment yet to come",
      message("sales@example.net", { returnPath: "sales@example.net" }),
      granted(grant("sales@example.net", { until: NOW + 1 })),
      null,
    ],
    [
      "MSA-6.2 a limited sender to whom it may send to",
      message("alice@example.net", { recipients: ["bob@example.net", "postmaster@example.net"] }),
      { rights: { permissions: [permission("send-to", "*@example.net")] } },
      null,
    ],
  ] as ReadonlyArray<[string, Given, World, string | null]>
) {
  Deno.test(`enforceRights() admits ${about}`, async () => {
    assert.equal(await senderOf(given, world), want);
  });
}

for (
  const [about, given, world, want] of [
    [
      "RGT-1 a colleague as return path",
      message("alice@example.net", { returnPath: "bob@example.net" }),
      {},
      "550 5.7.1 RGT-1",
    ],
    [
      "RGT-1 postmaster under a grant of the whole domain",
      message("postmaster@example.net"),
      granted(grant("*@example.net")),
      "550 5.7.1 RGT-5",
    ],
    [
      "RGT-2 a subaddress in a foreign domain",
      message("sales+x@other.example"),
      granted(grant("sales@other.example")),
      "550 5.7.1 RGT-5",
    ],
    [
      "RGT-4 on behalf as return path",
      message("boss@example.net", { returnPath: "boss@example.net" }),
      granted(grant("boss@example.net", { mode: "on-behalf" })),
      "550 5.7.1 RGT-1",
    ],
    [
      "RGT-5 every: one author of two is a colleague",
      message("alice@example.net, bob@example.net"),
      { rights: { checks: { header: "every", resend: "any", nameAddress: "local" } } },
      "550 5.7.1 RGT-5",
    ],
    ["RGT-5 domain: a stranger", message("ceo@bank.example"), {
      rights: { checks: { header: "domain", resend: "any", nameAddress: "local" } },
    }, "550 5.7.1 RGT-5"],
    [
      "RGT-9 authors of two domains, both granted",
      message("alice@example.net, bob@other.example"),
      granted(grant("bob@other.example")),
      "550 5.7.1 RGT-9",
    ],
    ["HDR-9 a From of nobody", message("Robot:;"), {}, "550 5.7.1 HDR-9"],
    [
      "a grant of another credential",
      message("sales@example.net", { credential: "scan" }),
      granted(grant("sales@example.net", { credential: "phone" })),
      "550 5.7.1 RGT-5",
    ],
    [
      "a grant of a credential without one",
      message("sales@example.net"),
      granted(grant("sales@example.net", { credential: "phone" })),
      "550 5.7.1 RGT-5",
    ],
    [
      "a grant for recipients, one of whom does not match",
      message("sales@example.net", { recipients: ["a@customer.example", "b@other.example"] }),
      granted(grant("sales@example.net", { recipients: [pattern("*@customer.example")] })),
      "550 5.7.1 RGT-5",
    ],
    [
      "a grant that has run out",
      message("sales@example.net"),
      granted(grant("sales@example.net", { until: NOW })),
      "550 5.7.1 RGT-5",
    ],
    [
      "a grant to somebody else",
      message("sales@example.net"),
      granted(grant("sales@example.net", { principal: principal("bob@example.net") })),
      "550 5.7.1 RGT-5",
    ],
    [
      "a grant to a group of others",
      message("sales@example.net"),
      granted(grant("sales@example.net", { principal: principal("group:sales") })),
      "550 5.7.1 RGT-5",
    ],
    [
      "MSA-6.2 a limited sender to a stranger",
      message("alice@example.net", { recipients: ["bob@example.net", "x@example.org"] }),
      { rights: { permissions: [permission("send-to", "*@example.net")] } },
      "550 5.7.1 MSA-6.2",
    ],
    [
      "SND-17 on behalf where a signature keeps Sender out",
      {
        head: head(
          "DKIM-Signature: v=1; h=from:sender; b=x",
          "From: boss@example.net",
          ...COMPLETE,
        ),
      },
      granted(grant("boss@example.net", { mode: "on-behalf" })),
      "550 5.7.1 SND-17",
    ],
  ] as ReadonlyArray<[string, Given, World, string]>
) {
  Deno.test(`enforceRights() refuses ${about}`, async () => {
    assert.equal(await refusedFor(given, world), want);
  });
}

const member: Account = {
  ...alice,
  rights: {
    groups: ["sales"],
    grants: [grant("office@example.net", { principal: principal("group:sales") })],
    permissions: [],
  },
};

Deno.test("enforceRights() knows grants kept beside the account, and groups that the file grants to", async () => {
  const w: World = {
    accounts: [member],
    rights: { grants: [grant("sales@example.net", { principal: principal("group:sales") })] },
  };
  assert.equal((await submit(message("office@example.net"), w))._tag, "Accepted");
  const end = await submit(message("sales@example.net"), w);
  assert.equal(end._tag, "Accepted");
  const decision = end.trail.find((d) => d.rule === "RGT-5");
  assert.equal(decision?.facts["holder"], "group:sales");
});

Deno.test("enforceRights() passes on the mail of strangers, or not, as the site says. SND-02, RGT-5", async () => {
  const resent = {
    head: head(
      "Resent-From: alice@example.net",
      "Resent-To: x@example.org",
      "From: stranger@example.com",
      "Sender: secretary@example.com",
      "Subject: as it was",
      ...COMPLETE,
    ),
  };
  const out = await leaving(resent);
  // HDR-22: the fields of the original leave as they came
  for (
    const line of [
      "From: stranger@example.com",
      "Sender: secretary@example.com",
      "Subject: as it was",
      ...COMPLETE,
    ]
  ) {
    assert.ok(out.includes(line), line);
  }
  const own: World = { rights: { checks: { header: "one", resend: "own", nameAddress: "local" } } };
  assert.equal(await refusedFor(resent, own), "550 5.7.1 RGT-5");
  const mine = { head: resent.head.replace("stranger@example.com", "alice@example.net") };
  assert.equal((await submit(mine, own))._tag, "Accepted");
});

Deno.test("enforceRights() tells which addresses would do, those of the domain first", async () => {
  const w = granted(grant("alice@other.example"), grant("boss@example.net", { mode: "on-behalf" }));
  const end = await submit(message("alice@elsewhere.example"), w);
  assert.ok(end._tag === "Refused");
  assert.match(
    end.reply,
    /You may send as alice@example\.net, alice@other\.example, a\.smith@example\.net$/,
  );
  const path = await submit(message("alice@example.net", { returnPath: "x@other.example" }), w);
  assert.ok(path._tag === "Refused");
  assert.match(path.reply, /as this address You may send as alice@other\.example, /);
});
