/** MSA-8.7, MSA-8.8, RGT-6: addresses that stand for others, by exact rules over own domains. */
import assert from "node:assert/strict";
import { parseDomainName } from "../../../lib/address/domain.ts";
import { comparison } from "../../../lib/address/local_rules.ts";
import { printMailbox } from "../../../lib/address/mailbox.ts";
import { parsePattern } from "../../../lib/address/pattern.ts";
import { compileRewrites, type Rewrite, type Rewrites } from "../../../lib/address/rewrite.ts";
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

const rule = (
  from: string,
  to: string,
  places: Rewrite["places"] = ["sender", "recipients", "header"],
): Rewrite => {
  const address = parsePattern(from);
  assert.ok(address !== null && address._tag !== "Below");
  const result = to.startsWith("*@") ? parseDomainName(to.slice(2)) : mailbox(to);
  assert.ok(result !== null);
  return { address, to: result, places };
};

const rewrites = (
  rules: ReadonlyArray<Rewrite>,
  aliases: Readonly<Record<string, ReadonlyArray<string>>> = {},
): Rewrites => {
  const made = compileRewrites({
    rewrites: rules,
    aliases: Object.entries(aliases).map(([a, to]) => ({
      address: mailbox(a),
      to: to.map(mailbox),
    })),
  }, comparison({ localDomains: ["example.net", "host.example.net"], separator: "+" }));
  assert.ok(made !== null);
  return made;
};

const host = rewrites([rule("*@host.example.net", "*@example.net")]);
const alicesHost = { ...alice, aliases: [mailbox("alice@host.example.net")] };
const world = (r: Rewrites): World => ({
  rewrites: r,
  accounts: [alicesHost],
  rights: { localDomains: ["example.net", "host.example.net"] },
});
const message = (more: Partial<Given> = {}): Given => ({
  head: head(
    "From: Alice <alice@host.example.net>",
    "To: Bob <bob@host.example.net>, A.B+x@remote.example",
    "Date: Tue, 24 Nov 2026 05:25:51 +0000",
    "Message-ID: <1@x>",
  ),
  returnPath: "alice@host.example.net",
  ...more,
});

const recipientsOf = async (given: Given, w: World) => {
  const end = await submit(given, w);
  assert.ok(end._tag === "Accepted", end._tag === "Refused" ? end.reply : "");
  return end.signed.envelope.recipients.map((r) => printMailbox(r.mailbox));
};

Deno.test("rewrite() MSA-8.8: hides a host's name in envelope and header, and nothing of others", async () => {
  const given = message({ recipients: ["bob@host.example.net", "A.B+x@remote.example"] });
  assert.deepEqual((await leaving(given, world(host))).slice(0, 2), [
    "From: Alice <alice@example.net>",
    "To: Bob <bob@example.net>, A.B+x@remote.example",
  ]);
  const end = await submit(given, world(host));
  assert.ok(end._tag === "Accepted");
  assert.equal(printMailbox(end.signed.envelope.returnPath ?? mailbox("x@y")), "alice@example.net");
  assert.deepEqual(await recipientsOf(given, world(host)), [
    "bob@example.net",
    "A.B+x@remote.example",
  ]);
});

Deno.test("rewrite() MSA-8.7: a name is never replaced by what DNS says it stands for", async () => {
  const given = message({ recipients: ["bob@alias.remote.example"] });
  assert.deepEqual(await recipientsOf(given, world(host)), ["bob@alias.remote.example"]);
});

Deno.test("rewrite() works only where a rule says: header, sender or recipients", async () => {
  const only = rewrites([rule("*@host.example.net", "*@example.net", ["sender"])]);
  const [from] = await leaving(message(), world(only));
  assert.equal(from, "From: Alice <alice@host.example.net>");
  assert.deepEqual(
    await recipientsOf(message({ recipients: ["x@host.example.net"] }), world(only)),
    [
      "x@host.example.net",
    ],
  );
});

Deno.test("rewrite() RGT-6: rights are judged before a rule and after it", async () => {
  // before: the address is nobody's, whatever a rule would make of it
  const stranger = message({ returnPath: "bob@host.example.net" });
  assert.equal(await refusedFor(stranger, world(host)), "550 5.7.1 RGT-1");
  // after: a rule gives nobody an address
  const boss = rewrites([rule("alice@host.example.net", "boss@example.net")]);
  assert.equal(await refusedFor(message(), world(boss)), "550 5.7.1 RGT-1");
  const inHeader = rewrites([rule("alice@host.example.net", "boss@example.net", ["header"])]);
  assert.equal(await refusedFor(message(), world(inHeader)), "550 5.7.1 RGT-5");
});

Deno.test("rewrite() leaves what a signature covers, and the original of a message passed on", async () => {
  const signed = message();
  const kept = await leaving(
    { ...signed, head: `DKIM-Signature: v=1; h=from; b=x\r\n${signed.head}` },
    world(host),
  );
  assert.ok(kept.includes("From: Alice <alice@host.example.net>"));
  const resent = await leaving(
    { ...signed, head: `Resent-From: alice@host.example.net\r\n${signed.head}` },
    world(host),
  );
  assert.ok(resent.includes("Resent-From: alice@example.net"));
  assert.ok(resent.includes("From: Alice <alice@host.example.net>"));
});

Deno.test("rewrite() sends to those an alias stands for, each once, and ends where aliases go in a ring", async () => {
  const r = rewrites([], {
    "team@example.net": ["bob@example.net", "all@example.net", "x@example.org"],
    "all@example.net": ["carol@example.net", "bob@example.net", "team@example.net"],
  });
  const given = message({
    recipients: ["team@example.net", "bob@example.net"],
    head: head("From: alice@example.net"),
    returnPath: "alice@example.net",
  });
  const to = await recipientsOf(given, world(r));
  assert.deepEqual([...to].sort(), [
    "bob@example.net",
    "carol@example.net",
    "x@example.org",
  ]);
  assert.equal(new Set(to).size, to.length);
});

Deno.test("compileRewrites() is nothing where there are no rules", () => {
  const c = comparison({ localDomains: null, separator: null });
  assert.equal(compileRewrites({ aliases: [], rewrites: [] }, c), null);
});
