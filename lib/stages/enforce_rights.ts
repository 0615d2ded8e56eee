/**
 * Third stage: may this account send as what the message claims?
 *
 * Return path and authors are decided here; a Sender of somebody else is what `add_sender` puts right.
 * Display names are not looked at. RFC 6409 §6.1, §6.3
 */
import { Effect } from "effect";
import { domainKey } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";
import { SenderRights } from "../ports/sender_rights.ts";
import {
  AUTHORS_IN_SEVERAL_DOMAINS,
  NO_AUTHOR,
  NOT_OWNER,
  notYourAddress,
} from "../reply/catalog.ts";
import { address, addresses } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Authenticated, Authorized, Stage } from "./submission.ts";
import type { Decision, Trail } from "./trail.ts";

/**
 * May `account` use this return path? `null`, which is `MAIL FROM:<>`, is no ground for refusal. What runs at
 * MAIL. Refused with 550 5.7.1. RFC 6409 §3.2, §6.1
 *
 * @returns the decision, for the trail
 */
export const enforceReturnPath = (
  account: Account,
  returnPath: Mailbox | null,
): Effect.Effect<Decision, Refusal, SenderRights> => checkReturnPath([], account, returnPath);

const checkReturnPath = Effect.fnUntraced(function* (
  trail: Trail,
  account: Account,
  returnPath: Mailbox | null,
): Effect.fn.Return<Decision, Refusal, SenderRights> {
  if (returnPath === null) return passed("RGT-3", { returnPath: null });
  const right = yield* (yield* SenderRights).maySendAs(account, returnPath);
  const facts = { returnPath: address(returnPath), by: right.rule };
  return right.granted
    ? passed("RGT-1", facts)
    : yield* refusal(trail, "enforce_rights", "RGT-1", NOT_OWNER, facts);
});

const passed = (rule: string, facts: Decision["facts"]): Decision => ({
  stage: "enforce_rights",
  verdict: "pass",
  rule,
  facts,
});

/**
 * Admits a submission whose account owns the return path and one of the authors: From, or Resent-From of the
 * top block where the message is passed on. Authors of several domains, or none, need rights that do not
 * exist. Refused with 550 5.7.1 naming the field. RFC 6409 §6.1, §6.3, RFC 6854 §3
 */
export const enforceRights: Stage<Authenticated, Authorized, Refusal, SenderRights> = Effect
  .fnUntraced(function* (s: Authenticated) {
    const returnPath = yield* checkReturnPath(s.trail, s.account, s.envelope.returnPath);
    const trail = [...s.trail, returnPath];
    const decision = yield* checkAuthors(s, trail);
    return { ...s, _tag: "Authorized" as const, trail: [...trail, decision] };
  });

/** The field that says who is responsible, and its mailboxes. Null: Resent-From is to be added yet. RFC 5322 §3.6.6 */
const claimed = (
  s: Authenticated,
): { readonly field: string; readonly authors: ReadonlyArray<Mailbox> } | null => {
  const { resent } = s.fields;
  if (resent === null) return { field: "From", authors: s.fields.authors };
  if (resent.from === null) return null;
  return { field: "Resent-From", authors: resent.from.list.mailboxes };
};

const checkAuthors = Effect.fnUntraced(function* (
  s: Authenticated,
  trail: Trail,
): Effect.fn.Return<Decision, Refusal, SenderRights> {
  const claim = claimed(s);
  if (claim === null) return passed("HDR-20", { field: "Resent-From", authors: null });
  const { field, authors } = claim;
  if (authors.length === 0) {
    return yield* refusal(trail, "enforce_rights", "HDR-9", NO_AUTHOR, { field });
  }
  const rights = yield* SenderRights;
  const foreign: Array<Mailbox> = [];
  let by: string | null = null;
  for (const author of authors) {
    const right = yield* rights.maySendAs(s.account, author);
    if (!right.granted) foreign.push(author);
    else by ??= right.rule;
  }
  const facts = { field, authors: addresses(authors), by, foreign: addresses(foreign) };
  if (by === null) {
    return yield* refusal(trail, "enforce_rights", "RGT-5", notYourAddress(field), facts);
  }
  if (!oneDomain(authors)) {
    return yield* refusal(trail, "enforce_rights", "RGT-9", AUTHORS_IN_SEVERAL_DOMAINS, facts);
  }
  return passed("RGT-5", facts);
});

const oneDomain = (all: ReadonlyArray<Mailbox>): boolean => {
  const head = all[0];
  return head === undefined ||
    all.every((m) => domainKey(m.domain) === domainKey(head.domain));
};
