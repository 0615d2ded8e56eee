import assert from "node:assert/strict";
import { parseMailbox } from "../../../../lib/address/path.ts";
import type { Envelope } from "../../../../lib/envelope/envelope.ts";
import { onceKey, withoutTimes } from "../../../../lib/server/answer/once_key.ts";

const HEAD = [
  "Received: from a\r\n by b; Tue, 1 Dec 2026 10:00:00 +0000",
  "Date: Tue, 1 Dec 2026 10:00:00 +0000",
  "From: alice@example.com",
  "Subject: [PATCH] one",
  " and two",
  "Message-ID: <1@client.example>",
  "",
].join("\r\n");

const ENVELOPE: Envelope = {
  returnPath: parseMailbox("alice@example.com"),
  recipients: ["bob@example.net", "carol@example.net"].map((a) => ({ mailbox: parseMailbox(a)! })),
  body: "8BITMIME",
  smtpUtf8: false,
  declaredSize: 1_000,
};

const key = (o: { account?: string; envelope?: Partial<Envelope>; head?: string } = {}): string =>
  onceKey({
    account: { id: o.account ?? "alice" },
    envelope: { ...ENVELOPE, ...o.envelope },
    head: o.head ?? HEAD,
  });

const [bob, carol] = ENVELOPE.recipients;
const asked = (until: number) => ({ until, request: "for;3600", account: "alice" });

for (
  const [what, same, other] of [
    ["nothing", true, key()],
    ["Date", true, key({ head: HEAD.replace("Date: Tue, 1", "Date: Wed, 2") })],
    ["Date that is gone", true, key({ head: HEAD.replace(/^Date.*\r\n/m, "") })],
    ["Received, folded", true, key({ head: HEAD.replace(" by b;", " by another;") })],
    ["one Received more", true, key({ head: `received : from c; today\r\n${HEAD}` })],
    ["a declared size", true, key({ envelope: { declaredSize: 1_001 } })],
    ["recipients in another order", true, key({ envelope: { recipients: [carol!, bob!] } })],
    ["Subject", false, key({ head: HEAD.replace("[PATCH]", "[PATCH RESEND]") })],
    ["a folded line", false, key({ head: HEAD.replace(" and two", " and three") })],
    ["one field more", false, key({ head: `${HEAD}X-Mailer: y\r\n` })],
    ["a field that only begins like Date", false, key({ head: `${HEAD}Dated: today\r\n` })],
    [
      "fields in another order",
      false,
      key({ head: HEAD.replace(/(From.*\r\n)(Subject.*\r\n .*\r\n)/, "$2$1") }),
    ],
    ["login", false, key({ account: "bob" })],
    ["return path", false, key({ envelope: { returnPath: null } })],
    ["one recipient less", false, key({ envelope: { recipients: [bob!] } })],
    ["NOTIFY", false, key({ envelope: { recipients: [{ ...bob!, notify: "NEVER" }, carol!] } })],
    ["RET", false, key({ envelope: { ret: "HDRS" } })],
    ["ENVID", false, key({ envelope: { envid: "x" } })],
    ["BODY", false, key({ envelope: { body: "7BIT" } })],
    ["MT-PRIORITY", false, key({ envelope: { priority: 3 } })],
    ["REQUIRETLS", false, key({ envelope: { requireTls: true } })],
    ["HOLDFOR", false, key({ envelope: { hold: asked(1) } })],
  ] as const
) {
  Deno.test(`onceKey() ${same ? "does not tell" : "tells"} a submission from another by ${what}`, () =>
    assert.equal(other === key(), same));
}

Deno.test("onceKey() takes what HOLDFOR and BY ask for, not the time that follows from it", () => {
  const at = (ms: number) =>
    key({
      envelope: { hold: asked(ms), deliverBy: { deadline: ms, mode: "R", trace: false } },
    });
  assert.equal(at(1_000), at(2_000));
});

Deno.test("withoutTimes() takes no field for Date that another one folds around", () => {
  const head = "Subject: a\r\n Date: b\r\nDate: c\r\n d\r\n";
  assert.equal(withoutTimes(head), "Subject: a\r\n Date: b\r\n");
  assert.equal(withoutTimes(""), "");
});
