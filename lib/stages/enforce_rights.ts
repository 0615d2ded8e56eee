/**
 * Third stage: may this account send as what the message claims, and to whom it goes?
 *
 * Return path and authors are decided here; a Sender of somebody else is what `add_sender` puts right.
 * Names give no right; those that show somebody else's address are `name_rights.ts`. RFC 6409 §6.1, §6.2, §6.3
 */
import { Effect } from "effect";
import { domainKey } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account, Accounts, AccountsUnavailable } from "../ports/accounts.ts";
import { type Circumstances, SenderRights } from "../ports/sender_rights.ts";
import {
  AUTHORS_IN_SEVERAL_DOMAINS,
  NO_AUTHOR,
  NOT_OWNER,
  NOT_PASSED_ON,
  notYourAddress,
  RECIPIENT_NOT_ALLOWED,
  RECIPIENTS_NOT_ALLOWED,
} from "../reply/catalog.ts";
import { address, addresses } from "./facts.ts";
import { type Claims, claimsOf, judge, notYours } from "./claims.ts";
import { checkNames } from "./name_rights.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type Authenticated, type Authorized, circumstancesOf, type Stage } from "./submission.ts";
import type { Decision, Trail } from "./trail.ts";

/**
 * May `account` use this return path? `null`, which is `MAIL FROM:<>`, is no ground for refusal. What runs at
 * MAIL. Refused with 550 5.7.1, and what would do instead. RFC 6409 §3.2, §6.1
 *
 * @returns the decision, for the trail
 */
export const enforceReturnPath = (
  account: Account,
  returnPath: Mailbox | null,
  circumstances: Circumstances,
): Effect.Effect<Decision, Refusal, SenderRights> =>
  checkReturnPath([], account, returnPath, circumstances);

const checkReturnPath = Effect.fnUntraced(function* (
  trail: Trail,
  account: Account,
  returnPath: Mailbox | null,
  circumstances: Circumstances,
): Effect.fn.Return<Decision, Refusal, SenderRights> {
  if (returnPath === null) return passed("RGT-3", { returnPath: null });
  const rights = yield* SenderRights;
  const right = yield* rights.maySendAs(account, returnPath, circumstances);
  const facts = { returnPath: address(returnPath), by: right.rule };
  if (right.granted) return passed("RGT-1", facts);
  const reply = yield* notYours(NOT_OWNER, account, returnPath, circumstances);
  return yield* refusal(trail, "enforce_rights", "RGT-1", reply, facts);
});

/** May `account` send to this recipient? What runs at RCPT. Refused with 550 5.7.1. RFC 6409 §6.2 */
export const enforceRecipient = Effect.fnUntraced(function* (
  account: Account,
  recipient: Mailbox,
): Effect.fn.Return<void, Refusal, SenderRights> {
  const not = yield* (yield* SenderRights).notAllowed(account, [recipient]);
  if (not.length > 0) {
    const facts = { recipient: address(recipient) };
    return yield* refusal([], "enforce_rights", "MSA-6.2", RECIPIENT_NOT_ALLOWED, facts);
  }
});

const passed = (rule: string, facts: Decision["facts"]): Decision => ({
  stage: "enforce_rights",
  verdict: "pass",
  rule,
  facts,
});

/**
 * Admits a submission whose account may use the return path, may send to every recipient, and may speak for every
 * author, or for as many as the site asks for, since mail programs show the first of them: From, or Resent-From of
 * the top block where the message is passed on. Authors of several domains, or none, need rights of their own.
 * Refused with 550 5.7.1 naming the field. RFC 6409 §6.1, §6.3, RFC 6854 §3
 */
export const enforceRights: Stage<
  Authenticated,
  Authorized,
  Refusal | AccountsUnavailable,
  SenderRights | Accounts
> = Effect
  .fnUntraced(function* (s: Authenticated) {
    const circumstances = circumstancesOf(s);
    const { account } = s;
    const returnPath = yield* checkReturnPath(
      s.trail,
      account,
      s.envelope.returnPath,
      circumstances,
    );
    const trail = [...s.trail, returnPath];
    const { notAllowed } = yield* SenderRights;
    const not = yield* notAllowed(account, circumstances.recipients ?? []);
    if (not.length > 0) {
      const facts = { recipients: addresses(not) };
      return yield* refusal(trail, "enforce_rights", "MSA-6.2", RECIPIENTS_NOT_ALLOWED, facts);
    }
    const decision = yield* checkAuthors(s, trail, circumstances);
    const judged = [...trail, decision];
    yield* checkNames(s, judged, circumstances);
    return { ...s, _tag: "Authorized" as const, trail: judged };
  });

const checkAuthors = Effect.fnUntraced(function* (
  s: Authenticated,
  trail: Trail,
  circumstances: Circumstances,
): Effect.fn.Return<Decision, Refusal, SenderRights> {
  const { account, fields } = s;
  const { checks } = yield* SenderRights;
  if (fields.resent !== null && checks.resend === "own") {
    const original = yield* judge(account, fields.authors, circumstances);
    if (original.by === null || (checks.header === "every" && original.foreign.length > 0)) {
      const facts = { field: "From", authors: addresses(fields.authors) };
      return yield* refusal(trail, "enforce_rights", "RGT-5", NOT_PASSED_ON, facts);
    }
  }
  const claims = claimsOf(s);
  if (claims === null) {
    return fields.resent === null
      ? passed("HDR-3", { field: "From", authors: null })
      : passed("HDR-20", { field: "Resent-From", authors: null });
  }
  return yield* checkClaims(account, claims, trail, circumstances);
});

const checkClaims = Effect.fnUntraced(function* (
  account: Account,
  { field, authors }: Claims,
  trail: Trail,
  circumstances: Circumstances,
): Effect.fn.Return<Decision, Refusal, SenderRights> {
  const rights = yield* SenderRights;
  const [head] = authors;
  if (head === undefined) {
    return (yield* rights.may(account, "group-from")).granted
      ? passed("HDR-9", { field, authors: [] })
      : yield* refusal(trail, "enforce_rights", "HDR-9", NO_AUTHOR, { field });
  }
  const { by, holder, foreign } = yield* judge(account, authors, circumstances);
  const facts = {
    field,
    authors: addresses(authors),
    by,
    foreign: addresses(foreign),
    ...(holder === null ? {} : { holder }),
  };
  if (!admits(rights.checks.header, account, authors, by, foreign)) {
    const refused = yield* notYours(
      notYourAddress(field),
      account,
      foreign[0] ?? head,
      circumstances,
    );
    return yield* refusal(trail, "enforce_rights", "RGT-5", refused, facts);
  }
  if (!oneDomain(authors) && !(yield* rights.may(account, "several-domains")).granted) {
    return yield* refusal(trail, "enforce_rights", "RGT-9", AUTHORS_IN_SEVERAL_DOMAINS, facts);
  }
  return passed("RGT-5", facts);
});

const admits = (
  check: SenderRights["Service"]["checks"]["header"],
  account: Account,
  authors: ReadonlyArray<Mailbox>,
  by: string | null,
  foreign: ReadonlyArray<Mailbox>,
): boolean => {
  switch (check) {
    case "off":
      return true;
    case "every":
      return foreign.length === 0;
    case "one":
      return by !== null;
    case "domain":
      return by !== null ||
        authors.some((a) =>
          [account.primary, ...account.aliases].some((own) =>
            domainKey(own.domain) === domainKey(a.domain)
          )
        );
  }
};

const oneDomain = (all: ReadonlyArray<Mailbox>): boolean => {
  const head = all[0];
  return head === undefined ||
    all.every((m) => domainKey(m.domain) === domainKey(head.domain));
};
