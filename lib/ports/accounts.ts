/** The accounts that may sign in, and what they may send as. */
import { Context, Data, type Effect } from "effect";
import type { AccountRights } from "../address/grant.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Login } from "../envelope/login.ts";

export type { Login };

export interface Account {
  /** The primary address as written; unique, and the login name. */
  readonly id: string;
  readonly primary: Mailbox;
  readonly aliases: ReadonlyArray<Mailbox>;
  readonly disabled: boolean;
  /** Changes whenever anything of the account changes. */
  readonly revision: number;
  /** Grants, groups and permissions kept beside the account; absent: there are none. */
  readonly rights?: AccountRights;
}

export type LoginResult =
  /** `credential`: which of several proved the account, by its name; absent where there is one. */
  | { readonly _tag: "Accepted"; readonly account: Account; readonly credential?: string }
  /** Unknown name, wrong password, foreign authzid: the caller cannot tell which, nor by time. */
  | { readonly _tag: "Rejected" }
  /** Told only after right credentials. RFC 5248 §2.4 */
  | { readonly _tag: "Disabled" };

/** The store is out of reach: 454, never 535. RFC 4954 §6 */
export class AccountsUnavailable extends Data.TaggedError("AccountsUnavailable")<{
  readonly cause: unknown;
}> {}

export class Accounts extends Context.Service<Accounts, {
  /** Costs the same for an unknown name; hashing runs off the event loop. */
  readonly verify: (login: Login) => Effect.Effect<LoginResult, AccountsUnavailable>;
  /** The account as it is now; null where it is gone. Cheap: answered from memory while nothing changed. */
  readonly find: (id: string) => Effect.Effect<Account | null, AccountsUnavailable>;
}>()("postern/Accounts") {}
