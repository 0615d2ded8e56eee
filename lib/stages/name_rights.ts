/**
 * Part of the third stage: names that show somebody else's address. Many mail programs show the name alone, so that
 * `"ceo@example.net" <alice@example.net>` is mail of the ceo to whoever reads it. RFC 6409 §6.3
 */
import { Effect } from "effect";
import { addressKey } from "../address/account_key.ts";
import { domainKey } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import { addressesShown, namesOf } from "../message/name_addresses.ts";
import { characters } from "../message/parse.ts";
import { Accounts, type AccountsUnavailable } from "../ports/accounts.ts";
import { type Circumstances, SenderRights } from "../ports/sender_rights.ts";
import { nameOfAnother } from "../reply/catalog.ts";
import { address, shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Authenticated } from "./submission.ts";
import type { Trail } from "./trail.ts";

const CLAIMS: ReadonlySet<string> = new Set(["from", "sender", "reply-to"]);
const RESENT_CLAIMS: ReadonlySet<string> = new Set([
  "resent-from",
  "resent-sender",
  "resent-reply-to",
]);

/**
 * Refuses (550 5.7.1, naming the field) a name or comment that shows an address which is neither the mailbox's own nor
 * one that the account may send as: of a local domain, or of any, as the site says. Fields of a message that is passed
 * on are those of its author, as for the authors themselves.
 */
export const checkNames = Effect.fnUntraced(function* (
  s: Authenticated,
  trail: Trail,
  circumstances: Circumstances,
): Effect.fn.Return<void, Refusal | AccountsUnavailable, SenderRights | Accounts> {
  const { checks } = yield* SenderRights;
  if (checks.nameAddress === "off") return;
  const own = s.fields.resent === null || checks.resend === "own";
  for (const list of s.fields.lists) {
    const { key, name: field } = list.field;
    if (!RESENT_CLAIMS.has(key) && !(own && CLAIMS.has(key))) continue;
    for (const { text, of } of namesOf(list, characters(list.field))) {
      for (const said of addressesShown(text)) {
        if (of.some((m) => addressKey(m) === addressKey(said))) continue;
        if (checks.nameAddress === "local" && !(yield* isLocal(said))) continue;
        if (yield* mayShow(s, said, circumstances)) continue;
        const facts = { field, name: shown(text), shows: address(said) };
        return yield* refusal(trail, "enforce_rights", "RGT-11", nameOfAnother(field), facts);
      }
    }
  }
});

const isLocal = Effect.fnUntraced(function* (
  m: Mailbox,
): Effect.fn.Return<boolean, AccountsUnavailable, SenderRights | Accounts> {
  const domain = domainKey(m.domain);
  return (yield* SenderRights).localDomains.has(domain) ||
    (yield* (yield* Accounts).hasDomain(domain));
});

/** On behalf of somebody the name may say so too. */
const mayShow = Effect.fnUntraced(function* (
  s: Authenticated,
  m: Mailbox,
  circumstances: Circumstances,
): Effect.fn.Return<boolean, never, SenderRights> {
  const right = yield* (yield* SenderRights).maySendAs(s.account, m, circumstances);
  return right.granted || right.onBehalf === true;
});
