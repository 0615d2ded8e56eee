import assert from "node:assert/strict";
import type { RightsChecks } from "../../../lib/ports/sender_rights.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import {
  alice,
  type Given,
  head,
  mailbox,
  refusedFor,
  submit,
  type World,
} from "../../support/submissions.ts";

const given = (...lines: ReadonlyArray<string>): Given => ({ head: encodeUtf8(head(...lines)) });
const from = (value: string): Given => given(`From: ${value}`);
const RGT = "550 5.7.1 RGT-11";

const carol = {
  ...alice,
  id: "carol@example.com",
  primary: mailbox("carol@example.com"),
  aliases: [],
};
const accounts = [alice, carol];
const world = (nameAddress: RightsChecks["nameAddress"], more: Partial<World> = {}): World => ({
  accounts,
  ...more,
  rights: { checks: { header: "every", resend: "any", nameAddress }, ...more.rights },
});

for (
  const [value, local, any] of [
    ["The CEO <alice@example.net>", null, null],
    ['"alice@example.net" <alice@example.net>', null, null],
    [`"'Alice@EXAMPLE.net'" <alice@example.net>`, null, null],
    ['"a.smith@example.net" <alice@example.net>', null, null],
    ['"alice+news@example.net" <alice@example.net>', null, null],
    ['"ceo@example.net" <alice@example.net>', RGT, RGT],
    ['"CEO <ceo@example.net>" <alice@example.net>', RGT, RGT],
    ["ceo@example.net <alice@example.net>", RGT, RGT],
    ["=?utf-8?q?ceo=40example=2Enet?= <alice@example.net>", RGT, RGT],
    ['"=?utf-8?q?ceo=40example=2Enet?=" <alice@example.net>', RGT, RGT],
    ["=?utf-8?q?ceo=EF=BC?= =?utf-8?q?=A0example.net?= <alice@example.net>", RGT, RGT],
    ["ceo\uff20example.net <alice@example.net>", RGT, RGT],
    ['"ceo\u200b@exam\u2060ple.net" <alice@example.net>', RGT, RGT],
    ["alice@example.net (ceo@example.net)", RGT, RGT],
    ["alice@example.net (alice@example.net)", null, null],
    ["alice@example.net (=?utf-8?q?ceo=40example=2Enet?=)", RGT, RGT],
    ['"ceo@example.net": alice@example.net;', RGT, RGT],
    ['Us: "ceo@example.net" <alice@example.net>;', RGT, RGT],
    ['"carol@example.com" <alice@example.net>', RGT, RGT], // a domain of an account
    ['"ceo@bank.example" <alice@example.net>', null, RGT],
    ['"Sales @ example.net" <alice@example.net>', null, null],
  ] as const
) {
  for (const [kind, want] of [["local", local], ["any", any], ["off", null]] as const) {
    Deno.test(`checkNames() of ${kind} ${want === null ? "admits" : "refuses"} From: ${JSON.stringify(value)}`, async () => {
      if (want !== null) assert.equal(await refusedFor(from(value), world(kind)), want);
      else assert.equal((await submit(from(value), world(kind)))._tag, "Accepted");
    });
  }
}

const FROM = "From: alice@example.net";
const SPOOF = '"ceo@example.net" <alice@example.net>';
for (
  const [lines, want] of [
    [[FROM, `Reply-To: ${SPOOF}`], RGT],
    [[FROM, `Sender: ${SPOOF}`], RGT],
    [[FROM, 'Reply-To: "help@example.net" <help@example.net>'], null],
    [[FROM, 'To: "ceo@example.net" <x@example.org>'], null],
    [[FROM, "Subject: ceo@example.net"], null],
    [[`Resent-From: ${SPOOF}`, "Resent-To: x@example.org", FROM], RGT],
    [["Resent-From: alice@example.net", `Resent-Sender: ${SPOOF}`, FROM], RGT],
    [["Resent-From: alice@example.net", `Resent-Reply-To: ${SPOOF}`, FROM], RGT],
    [["Resent-From: alice@example.net", 'From: "ceo@example.net" <x@example.org>'], null],
  ] as ReadonlyArray<[ReadonlyArray<string>, string | null]>
) {
  Deno.test(`checkNames() ${want === null ? "admits" : "refuses"} ${lines.join(" | ")}`, async () => {
    if (want !== null) assert.equal(await refusedFor(given(...lines)), want);
    else assert.equal((await submit(given(...lines)))._tag, "Accepted");
  });
}

Deno.test("checkNames() by resend = own asks it of the original too", async () => {
  const own: World = {
    rights: { checks: { header: "every", resend: "own", nameAddress: "local" } },
  };
  const passed = given(
    "Resent-From: alice@example.net",
    "Resent-To: x@example.org",
    `From: ${SPOOF}`,
  );
  assert.equal(await refusedFor(passed, own), RGT);
});

Deno.test("checkNames() takes accounts' domains for local where none are configured", async () => {
  const open = world("local", { rights: { localDomains: null } });
  assert.equal(await refusedFor(from(SPOOF), open), RGT);
  const name = (domain: string) => from(`"x@${domain}" <alice@example.net>`);
  assert.equal(await refusedFor(name("example.com"), open), RGT);
  assert.equal((await submit(name("example.org"), open))._tag, "Accepted");
});

Deno.test("checkNames() names field and address, in the reply and for the trail", async () => {
  const end = await submit(from(SPOOF));
  assert.ok(end._tag === "Refused");
  assert.match(
    end.reply,
    /^550 5\.7\.1 The name in the From field shows an address that your account may not/,
  );
  assert.deepEqual({ ...end.trail.at(-1)?.facts, reply: "" }, {
    field: "From",
    name: "ceo@example.net",
    shows: "ceo@example.net",
    reply: "",
  });
});
