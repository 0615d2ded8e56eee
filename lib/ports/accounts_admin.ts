/** Changing the accounts: the port behind `postern account`. */
import { Context, Data, type Effect, type Redacted } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Strength } from "../envelope/strength.ts";
import type { Account, AccountsUnavailable } from "./accounts.ts";
import type { TaggedErrorClass } from "./tagged_error.ts";

const AddressTakenBase: TaggedErrorClass<"AddressTaken"> = Data.TaggedError("AddressTaken");

/** `id` is taken as primary address or alias already. */
export class AddressTaken extends AddressTakenBase<{
  readonly address: string;
  readonly by: string;
}> {}

const NoSuchAccountBase: TaggedErrorClass<"NoSuchAccount"> = Data.TaggedError("NoSuchAccount");

export class NoSuchAccount extends NoSuchAccountBase<{ readonly id: string }> {}

const CertificateTakenBase: TaggedErrorClass<"CertificateTaken"> = Data.TaggedError(
  "CertificateTaken",
);

/** Another account has this certificate. */
export class CertificateTaken extends CertificateTakenBase<{
  readonly by: string;
}> {}

const BadPasswordBase: TaggedErrorClass<"BadPassword"> = Data.TaggedError("BadPassword");

/** The password does not survive preparation (empty, control characters). RFC 4013, RFC 8265 §4.2 */
export class BadPassword extends BadPasswordBase<{ readonly reason: string }> {}

export interface AccountsAdminService {
  readonly add: (
    a: {
      readonly primary: Mailbox;
      readonly aliases: ReadonlyArray<Mailbox>;
      readonly password: Redacted.Redacted<string>;
    },
  ) => Effect.Effect<Account, AddressTaken | BadPassword | AccountsUnavailable>;
  readonly list: Effect.Effect<ReadonlyArray<Account>, AccountsUnavailable>;
  readonly setPassword: (
    id: string,
    password: Redacted.Redacted<string>,
  ) => Effect.Effect<Account, NoSuchAccount | BadPassword | AccountsUnavailable>;
  /**
   * Takes over what another server kept of the password, until a login shows it. Fails with `BadPassword` for what is no
   * hash that can be checked.
   */
  readonly setHash: (
    id: string,
    hash: Redacted.Redacted<string>,
  ) => Effect.Effect<Account, NoSuchAccount | BadPassword | AccountsUnavailable>;
  readonly setDisabled: (
    id: string,
    disabled: boolean,
  ) => Effect.Effect<Account, NoSuchAccount | AccountsUnavailable>;
  /** The weakest way in which it may sign in. */
  readonly setMinimum: (
    id: string,
    minimum: Strength,
  ) => Effect.Effect<Account, NoSuchAccount | AccountsUnavailable>;
  /** Sets the client certificates of the account, by SHA-256 fingerprint; replaces earlier ones. */
  readonly setCertificates: (
    id: string,
    fingerprints: ReadonlyArray<string>,
  ) => Effect.Effect<Account, NoSuchAccount | CertificateTaken | AccountsUnavailable>;
  readonly remove: (id: string) => Effect.Effect<void, NoSuchAccount | AccountsUnavailable>;
}

const AccountsAdminBase: Context.ServiceClass<
  AccountsAdmin,
  "postern/AccountsAdmin",
  AccountsAdminService
> = Context.Service<AccountsAdmin, AccountsAdminService>()("postern/AccountsAdmin");

/** The key under which an Effect asks for {@link AccountsAdminService}. */
export class AccountsAdmin extends AccountsAdminBase {}
