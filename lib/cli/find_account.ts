/** Accounts and addresses as the command line names them. */
import { Effect } from "effect";
import { domainKey, fullyQualified } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import type { Account } from "../ports/accounts.ts";
import { AccountsAdmin } from "../ports/accounts_admin.ts";
import { failed, type Failure, misused } from "../app/failure.ts";

/** An address that an account may have. */
export const mailboxOf = (text: string): Effect.Effect<Mailbox, Failure> => {
  const m = parseMailbox(text);
  if (m === null) return Effect.fail(misused(`${JSON.stringify(text)} is no address`));
  return m.domain._tag === "Literal" || !fullyQualified(m.domain)
    ? Effect.fail(misused(`${text}: the domain must be a fully qualified name`))
    : Effect.succeed(m);
};

const key = (m: Mailbox): string => `${m.local.toLowerCase()}@${domainKey(m.domain)}`;

/** The one of `all` that has this address, as primary or alias. */
export const holderOf = (all: ReadonlyArray<Account>, wanted: Mailbox): Account | undefined =>
  all.find((a) => [a.primary, ...a.aliases].some((m) => key(m) === key(wanted)));

/** The account that has this address. */
export const accountOf = (text: string) =>
  Effect.gen(function* () {
    const wanted = yield* mailboxOf(text);
    const found = holderOf(yield* AccountsAdmin.use((a) => a.list), wanted);
    return found === undefined ? yield* failed(`there is no account ${text}`) : found;
  });
