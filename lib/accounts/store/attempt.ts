/** Anything the store throws means that the accounts are unavailable. RFC 4954 §6 */
import { Effect } from "effect";
import { AccountsUnavailable } from "../../ports/accounts.ts";

export const unavailable = (cause: unknown) => new AccountsUnavailable({ cause });

export const attempt = <A>(work: () => A): Effect.Effect<A, AccountsUnavailable> =>
  Effect.try({ try: work, catch: unavailable });
