/** Changing the accounts: the port behind `postern account`. */
import { Context, Data, type Effect, type Redacted } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Strength } from "../envelope/strength.ts";
import type { Account, AccountsUnavailable } from "./accounts.ts";

/** `id` is taken as primary address or alias already. */
export class AddressTaken extends Data.TaggedError("AddressTaken")<{
  readonly address: string;
  readonly by: string;
}> {}
export class NoSuchAccount extends Data.TaggedError("NoSuchAccount")<{ readonly id: string }> {}
/** Another account has this certificate. */
export class CertificateTaken extends Data.TaggedError("CertificateTaken")<{
  readonly by: string;
}> {}
/** The password does not survive preparation (empty, control characters). RFC 4013, RFC 8265 §4.2 */
export class BadPassword extends Data.TaggedError("BadPassword")<{ readonly reason: string }> {}

export class AccountsAdmin extends Context.Service<AccountsAdmin, {
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
}>()("postern/AccountsAdmin") {}
