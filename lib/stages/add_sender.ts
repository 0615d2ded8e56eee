/**
 * Fifth stage: makes Sender say who submits, where From does not. The rows are in `sender_table.ts`.
 *
 * Of a resent message only the topmost resent block is changed. RFC 6409 §8.1
 */
import { Effect } from "effect";
import { asciiMailbox, type Mailbox, printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import { removeWhere, replace } from "../message/edit.ts";
import type { Header } from "../message/header.ts";
import { purportedResponsible } from "../message/pra.ts";
import { insertInBlock, type ResentBlock } from "../message/resent.ts";
import { encodeUtf8 } from "../message/text.ts";
import { makeField } from "../message/write.ts";
import type { SenderRights } from "../ports/sender_rights.ts";
import {
  badMessage,
  notYourAddress,
  SENDER_NEEDS_UTF8,
  signedField,
  signedSender,
} from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { address, addresses, value } from "./facts.ts";
import { HeaderPolicy } from "./policy.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type Claim, owns, readCase, resentClaim, senderClaim } from "./sender_case.ts";
import { decideResentSender, decideSender, type SenderAction } from "./sender_table.ts";
import type { Attributed, Completed, Stage } from "./submission.ts";
import type { Decision, Facts } from "./trail.ts";

/**
 * Adds, replaces or leaves Sender. Refused with 550 5.7.1 if it names another account although the submitter is in
 * From, and with 550 5.7.1 or 554 5.6.0 if a signature forbids the change. RFC 6409 §8.1
 */
export const addSender: Stage<Completed, Attributed, Refusal, SenderRights | HeaderPolicy> = Effect
  .fnUntraced(function* (s: Completed) {
    const { rules } = yield* HeaderPolicy;
    const submitter = s.envelope.returnPath ?? s.account.primary;
    const written = writtenAs(submitter, s.envelope.smtpUtf8);
    const { resent } = s.fields;
    const from = resent === null ? null : resentFrom(s, resent, written);
    if (from !== null && "reply" in from) {
      return yield* refusal(s.trail, "add_sender", from.rule, from.reply, {
        submitter: address(submitter),
      });
    }
    const claim = resent === null ? senderClaim(s) : resentClaim(s, resent, submitter);
    const { case: c, names } = yield* readCase(s, claim, submitter, rules);
    const sender = writtenAs(names, s.envelope.smtpUtf8);
    const act = resent === null ? decideSender(c) : decideResentSender(c);
    const facts = {
      submitter: address(submitter),
      authors: addresses(claim.authors),
      before: claim.field === null ? null : value(claim.field),
    };
    const trail = from === null ? s.trail : [...s.trail, from.decision];
    const refused = replyTo(act, claim.name, sender);
    if (refused !== null) {
      return yield* refusal(trail, "add_sender", act.rule, refused, {
        field: claim.name,
        ...facts,
      });
    }
    const header = perform(from?.header ?? s.header, act, claim, sender ?? "");
    // who the header says is responsible, beside what was decided. RFC 4407 §2
    const pra = purportedResponsible(header);
    const decision: Decision = {
      stage: "add_sender",
      verdict: act.action === "leave" ? "pass" : "changed",
      rule: act.rule,
      facts: {
        field: claim.name,
        action: act.action,
        ...facts,
        ...after(act, names),
        pra: pra === null ? null : address(pra),
        praIsOwn: yield* owns(s, submitter, pra),
      },
    };
    return { ...s, _tag: "Attributed" as const, header, trail: [...trail, decision] };
  });

/** What the field says then. */
const after = (act: SenderAction, names: Mailbox): Facts => {
  if (act.action === "remove") return { after: null };
  return act.action === "leave" ? {} : { after: address(names) };
};

/** Bare addr-spec, domain as A-labels unless SMTPUTF8; null where it cannot be written. RFC 6531 §3.2 */
const writtenAs = (m: Mailbox, utf8: boolean): string | null => {
  if (utf8) return encodeUtf8(printMailbox(m));
  return asciiMailbox(m) ? printMailboxAscii(m) : null;
};

/** SND-13: a block without Resent-From gets one; null where it has one. RFC 5322 §3.6.6 */
const resentFrom = (
  s: Completed,
  block: ResentBlock,
  written: string | null,
):
  | { readonly header: Header; readonly decision: Decision }
  | { readonly rule: string; readonly reply: Reply }
  | null => {
  if (block.from !== null) return null;
  if (s.fields.signed.has("resent-from")) {
    return { rule: "SND-17", reply: signedField("Resent-From") };
  }
  if (written === null) return { rule: "SND-19", reply: SENDER_NEEDS_UTF8 };
  return {
    header: insertInBlock(s.header, makeField("Resent-From", written)),
    decision: {
      stage: "add_sender",
      verdict: "changed",
      rule: "SND-13",
      facts: { field: "Resent-From", action: "add", after: written },
    },
  };
};

const replyTo = (act: SenderAction, name: string, written: string | null): Reply | null => {
  switch (act.action) {
    case "leave":
    case "remove":
      return null;
    case "add":
    case "replace":
      return written === null ? SENDER_NEEDS_UTF8 : null;
    case "refuse":
      switch (act.why) {
        case "foreign":
          return notYourAddress(name);
        case "signed":
          return signedSender(name);
        case "signedMandatory":
          return signedField(name);
        case "unknown":
          return badMessage(`${name} field: is missing although there are several authors`);
      }
  }
};

const perform = (h: Header, act: SenderAction, claim: Claim, written: string): Header => {
  const { field } = claim;
  switch (act.action) {
    case "add":
      return claim.place(h, makeField(claim.name, written));
    case "replace":
      return field === null
        ? claim.place(h, makeField(claim.name, written))
        : replace(h, field, makeField(field.name, written));
    case "remove":
      return removeWhere(h, (f) => f === field);
    default:
      return h;
  }
};
