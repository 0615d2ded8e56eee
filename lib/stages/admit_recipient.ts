/** The decision at RCPT: may the account send to the recipient, or to its aliases, and is there a route? */
import { Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";
import type { Resolver } from "../ports/resolver.ts";
import type { RouteFacts, Routes } from "../ports/routes.ts";
import type { SenderRights } from "../ports/sender_rights.ts";
import { enforceRecipient } from "./enforce_rights.ts";
import { HeaderPolicy } from "./policy.ts";
import type { Refusal } from "./refusal.ts";
import { checkRecipient } from "./resolve_mta.ts";

/** Refused as `enforceRecipient` and `checkRecipient` refuse. RFC 6409 §6.2, §8.7 */
export const admitRecipient = Effect.fnUntraced(function* (
  account: Account,
  recipient: Mailbox,
  message: RouteFacts,
): Effect.fn.Return<void, Refusal, SenderRights | Routes | Resolver | HeaderPolicy> {
  const { rewrites } = yield* HeaderPolicy;
  yield* enforceRecipient(account, recipient);
  if (rewrites === null) return void (yield* checkRecipient(recipient, message));
  for (const to of rewrites.recipients(recipient)) {
    yield* enforceRecipient(account, to);
    yield* checkRecipient(to, message);
  }
});
