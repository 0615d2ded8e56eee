import assert from "node:assert/strict";
import type { RightsSettings } from "../../../lib/stages/policy.ts";
import { ownAddresses } from "../../../policies/rights.ts";
import { alice, mailbox, usual } from "../../support/submissions.ts";

const account = {
  ...alice,
  aliases: [
    mailbox("a.smith@example.net"),
    mailbox("Alice@partner.example"),
    mailbox("alice@bücher.example"),
  ],
};
const local: RightsSettings = {
  localDomains: ["example.net", "xn--bcher-kva.example"],
  separator: "+",
};
const rule = (address: string, settings: RightsSettings = local): string => {
  const right = ownAddresses(settings).as(account, mailbox(address), usual);
  assert.equal(right.granted, right.rule !== "none");
  return right.rule;
};

for (
  const [address, want] of [
    ["alice@example.net", "primary"],
    ["ALICE@EXAMPLE.NET", "primary"],
    ['"alice"@example.net', "primary"],
    ["a.smith@example.net", "alias"],
    ["alice+x@example.net", "subaddress"],
    ["Alice+X+Y@example.net", "subaddress"],
    ["a.smith+x@example.net", "subaddress"],
    ["alice@xn--bcher-kva.example", "alias"],
    ["alice@BÜCHER.example", "alias"],
    ["Alice@partner.example", "alias"],
    ["alice@partner.example", "none"],
    ["Alice+x@partner.example", "none"],
    ["alice+@example.net", "none"],
    ["alice-x@example.net", "none"],
    ["bob@example.net", "none"],
    ["bob+alice@example.net", "none"],
    ["alic@example.net", "none"],
    ["alice@example.org", "none"],
    ["alice@sub.example.net", "none"],
    ["alice@[192.0.2.1]", "none"],
    ["postmaster@example.net", "none"],
  ] as const
) {
  Deno.test(`ownAddresses() says ${want} of ${address}`, () => {
    assert.equal(rule(address), want);
  });
}

Deno.test("ownAddresses() takes all domains of the account as local where none are configured", () => {
  const settings = { localDomains: null, separator: "+" };
  assert.equal(rule("alice+x@partner.example", settings), "subaddress");
  assert.equal(rule("alice@example.org", settings), "none");
});

Deno.test("ownAddresses() has a separator for each domain, or none", () => {
  const settings = { ...local, separators: { "example.net": "-", "xn--bcher-kva.example": null } };
  assert.equal(rule("alice-x@example.net", settings), "subaddress");
  assert.equal(rule("alice+x@example.net", settings), "none");
  assert.equal(rule("alice+x@bücher.example", settings), "none");
  assert.equal(rule("alice+x@example.net", { ...local, separator: null }), "none");
});

Deno.test("ownAddresses() tells by which address a right was granted", () => {
  const right = ownAddresses(local).as(account, mailbox("A.Smith+x@example.net"), usual);
  assert.deepEqual(right.address, mailbox("a.smith@example.net"));
});

Deno.test("ownAddresses() does not fold what only Unicode holds for the same", () => {
  const kate = { ...alice, aliases: [mailbox("kate@example.net")] };
  assert.equal(
    ownAddresses(local).as(kate, mailbox("\u212Aate@example.net"), usual).granted,
    false,
  );
});
