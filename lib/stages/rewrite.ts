/**
 * Part of the third stage: aliases and rewritten addresses, by the exact rules of a site. The result is judged
 * again, so that no rule grants a right. RFC 6409 §8.7, §8.8
 */
import { Effect } from "effect";
import type { Rewrites } from "../address/rewrite.ts";
import { type Mailbox, same } from "../address/mailbox.ts";
import type { Envelope, Recipient } from "../envelope/envelope.ts";
import { type Address, printAddress } from "../message/address.ts";
import { replace } from "../message/edit.ts";
import { type Field, isFault } from "../message/header.ts";
import { parseFields } from "../message/parse.ts";
import type { AddressField } from "../message/address_list.ts";
import { encodeUtf8 } from "../message/text.ts";
import { makeFolded } from "../message/write.ts";
import type { Accounts, AccountsUnavailable } from "../ports/accounts.ts";
import type { SenderRights } from "../ports/sender_rights.ts";
import { enforceRights } from "./enforce_rights.ts";
import { address, addresses, value } from "./facts.ts";
import { HeaderPolicy } from "./policy.ts";
import type { Refusal } from "./refusal.ts";
import type { Authorized, Stage } from "./submission.ts";
import type { Decision, Facts } from "./trail.ts";

/** Nothing at all where a site has no rules. Refused as `enforceRights` refuses. */
export const rewrite: Stage<
  Authorized,
  Authorized,
  Refusal | AccountsUnavailable,
  SenderRights | HeaderPolicy | Accounts
> = (s) =>
  Effect.flatMap(HeaderPolicy, ({ rewrites, limits, rules }) => {
    if (rewrites === null) return Effect.succeed(s);
    const decisions: Array<Decision> = [];
    const envelope = rewriteEnvelope(s.envelope, rewrites, decisions);
    const header = rewriteHeader(s, rewrites, decisions);
    if (decisions.length === 0) return Effect.succeed(s);
    const fields = parseFields(header, limits, s.hostname, {
      absentFrom: rules.from === "fix",
      duplicates: rules.duplicates === "fix",
      domains: rules.domains,
    });
    // what was printed from what was parsed can be parsed
    if (isFault(fields)) return Effect.die(new Error(fields.problem));
    const trail = [...s.trail, ...decisions];
    return enforceRights({ ...s, _tag: "Authenticated", envelope, header, fields, trail });
  });

const changed = (rule: string, facts: Facts): Decision => ({
  stage: "enforce_rights",
  verdict: "changed",
  rule,
  facts,
});

const rewriteEnvelope = (
  e: Envelope,
  rewrites: Rewrites,
  decisions: Array<Decision>,
): Envelope => {
  const from = e.returnPath === null ? null : rewrites.sender(e.returnPath);
  if (from !== null && e.returnPath !== null && !same(from, e.returnPath)) {
    decisions.push(
      changed("MSA-8.8", {
        field: "MAIL FROM",
        before: address(e.returnPath),
        after: address(from),
      }),
    );
  }
  const recipients: Array<Recipient> = [];
  const expanded: Array<Recipient> = [];
  for (const r of e.recipients) {
    const to = rewrites.recipients(r.mailbox);
    const several = to.length > 1 && asksForSuccess(r);
    if (several) expanded.push(r);
    const kept = to.length === 1 && to[0] !== undefined && same(to[0], r.mailbox);
    if (!kept) {
      decisions.push(
        changed("MSA-8.8", {
          field: "RCPT TO",
          before: address(r.mailbox),
          after: addresses(to),
        }),
      );
    }
    for (const mailbox of to) {
      if (!recipients.some((known) => same(known.mailbox, mailbox))) {
        recipients.push(kept ? r : { ...several ? withoutSuccess(r) : r, mailbox });
      }
    }
  }
  return {
    ...e,
    returnPath: from,
    recipients,
    ...expanded.length === 0 ? {} : { expanded },
  };
};

const asksForSuccess = ({ notify }: Recipient): boolean =>
  notify !== undefined && notify !== "NEVER" && notify.includes("SUCCESS");

/** The sender hears of success once, when the alias is expanded; the rest stands. RFC 3461 §5.2.7.4 */
const withoutSuccess = (r: Recipient): Recipient => {
  if (r.notify === undefined || r.notify === "NEVER") return r;
  const left = r.notify.filter((n) => n !== "SUCCESS");
  return { ...r, notify: left.length === 0 ? "NEVER" : left };
};

/** Of a message that is passed on only the block is touched; no field that a signature covers. RFC 5322 §3.6.6 */
const rewriteHeader = (s: Authorized, rewrites: Rewrites, decisions: Array<Decision>) => {
  let { header } = s;
  for (const read of s.fields.lists) {
    const { field } = read;
    if (s.fields.resent !== null && !field.key.startsWith("resent-")) continue;
    const made = rewritten(read, rewrites.header);
    if (made === null) continue;
    if (s.fields.signed.has(field.key)) {
      decisions.push({
        ...changed("MSA-8.0", { field: field.name, left: "a DKIM signature covers it" }),
        verdict: "pass",
      });
      continue;
    }
    header = replace(header, field, made);
    decisions.push(
      changed("MSA-8.8", { field: field.name, before: value(field), after: value(made) }),
    );
  }
  return header;
};

/** Null where no address of the field changes. */
const rewritten = (read: AddressField, by: (m: Mailbox) => Mailbox): Field | null => {
  if (read.list.mailboxes.every((m) => same(by(m), m))) return null;
  const pieces = read.list.addresses.map((a): Address =>
    a._tag === "Mailbox"
      ? { ...a, mailbox: by(a.mailbox) }
      : { ...a, members: a.members.map((m) => ({ ...m, mailbox: by(m.mailbox) })) }
  ).map((a) => encodeUtf8(printAddress(a)));
  return makeFolded(
    read.field.name,
    pieces.map((p, i) => i < pieces.length - 1 ? `${p},` : p),
  );
};
