/** The accounts that may sign in, and the addresses that they may send as. */
import { Context, Data, type Effect } from "effect";
import type { AccountRights } from "../address/grant.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Login, ScramHash, ScramKeys } from "../envelope/login.ts";
import type { Strength } from "../envelope/strength.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

export type { Login };

/** Somebody who may sign in, with the addresses that are theirs. */
export interface Account {
  /** The primary address as written; unique, and the login name. */
  readonly id: string;
  readonly primary: Mailbox;
  readonly aliases: ReadonlyArray<Mailbox>;
  readonly disabled: boolean;
  /** The weakest way in which it may sign in. */
  readonly minimum: Strength;
  /** SHA-256 fingerprints of its client certificates: 64 lower-case hex digits each. */
  readonly certificates: ReadonlyArray<string>;
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
  /** Told only after right credentials, like what follows. RFC 5248 §2.4 */
  | { readonly _tag: "Disabled" }
  /** The account asks for a stronger mechanism. RFC 4954 §6 */
  | { readonly _tag: "TooWeak" };

/** Who it is has been shown by other means than a password: keys, a token, a certificate. */
export interface Identified {
  readonly mechanism: string;
  readonly authzid: string;
  readonly authcid: string;
  /** Where keys of that revision were shown: they must not have changed since. */
  readonly revision?: number;
}

/** What a client certificate says of its owner, after it was verified. */
export interface ClientCertificate {
  /** SHA-256 over the DER form, 64 lower-case hex digits. */
  readonly fingerprint: string;
  /** rfc822Name entries of the subjectAltName. RFC 5280 §4.2.1.6 */
  readonly addresses: ReadonlyArray<string>;
}

/** Keys, but for the nonce, which belongs to an exchange. */
export type StoredKeys = Omit<ScramKeys, "nonce">;

const AccountsUnavailableBase: TaggedErrorClass<"AccountsUnavailable"> = Data.TaggedError(
  "AccountsUnavailable",
);

/** The store is out of reach: 454, never 535. RFC 4954 §6 */
export class AccountsUnavailable extends AccountsUnavailableBase<{
  readonly cause: unknown;
}> {}

export interface AccountsService {
  /** Costs the same for an unknown name; hashing runs off the event loop. */
  readonly verify: (login: Login) => Effect.Effect<LoginResult, AccountsUnavailable>;
  /**
   * The keys of this name; pretended ones, the same each time and at the same cost, where nobody has it.
   * Null where the account's keys for this hash were never made: a password has to be shown first.
   */
  readonly keys: (
    authcid: string,
    hash: ScramHash,
  ) => Effect.Effect<StoredKeys | null, AccountsUnavailable>;
  /** Lets in whom other means have identified, as far as the account allows. */
  readonly identify: (who: Identified) => Effect.Effect<LoginResult, AccountsUnavailable>;
  /** The one account of this certificate: by fingerprint, otherwise by address; null for none. */
  readonly certified: (
    certificate: ClientCertificate,
  ) => Effect.Effect<Account | null, AccountsUnavailable>;
  /** The account as it is now; null where it is gone. Cheap: answered from memory while nothing changed. */
  readonly find: (id: string) => Effect.Effect<Account | null, AccountsUnavailable>;
  /** Some account has an address in this domain, given as `domainKey` has it. As cheap. */
  readonly hasDomain: (domain: string) => Effect.Effect<boolean, AccountsUnavailable>;
}

const AccountsBase: Context.ServiceClass<Accounts, "postern/Accounts", AccountsService> = Context
  .Service<Accounts, AccountsService>()("postern/Accounts");

/** The key under which an Effect asks for {@link AccountsService}. */
export class Accounts extends AccountsBase {}
