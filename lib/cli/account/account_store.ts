/** What the commands of `postern account` share: the store, its error messages, finding and showing an account. */
import { Effect, type Option, Redacted } from "effect";
import { Argument, type Command } from "effect/cli";
import { accountsLayer } from "../../accounts/sqlite.ts";
import type { Account, Accounts, AccountsUnavailable } from "../../ports/accounts.ts";
import {
  AccountsAdmin,
  type AddressTaken,
  type BadPassword,
  type CertificateTaken,
  type NoSuchAccount,
} from "../../ports/accounts_admin.ts";
import { accountJson, accountLines } from "./account_view.ts";
import { failed, Failure, misused, noAccounts } from "../../app/failure.ts";
import type { NewPassword } from "./password.ts";
import { configOf } from "../../app/config_file.ts";
import { root } from "../root.ts";
import type { Config } from "../../config/config.ts";
import { print, printJson } from "../terminal.ts";

type Refused = AddressTaken | BadPassword | CertificateTaken | NoSuchAccount;
type StoreError = AccountsUnavailable | Refused;

/** Runs `work` on the accounts of the configuration in force. */
export const onAccounts = (
  work: Effect.Effect<void, StoreError | Failure, Accounts | AccountsAdmin>,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> => onAccountsAs(() => work);

/** The same, for work that must know what the configuration says of accounts. */
export const onAccountsAs = (
  work: (
    settings: Config["accounts"],
  ) => Effect.Effect<void, StoreError | Failure, Accounts | AccountsAdmin>,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> =>
  Effect.gen(function* () {
    const { config } = yield* root;
    return yield* withAccounts(config, work);
  });

const withAccounts = (
  given: Option.Option<string>,
  work: (
    settings: Config["accounts"],
  ) => Effect.Effect<void, StoreError | Failure, Accounts | AccountsAdmin>,
): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const { accounts } = yield* configOf(given);
    const plain = (e: StoreError | Failure): Failure => {
      if (e instanceof Failure) return e;
      return e._tag === "AccountsUnavailable" ? noAccounts(accounts.path)(e) : explained(e);
    };
    yield* work(accounts).pipe(Effect.provide(accountsLayer(accounts)), Effect.mapError(plain));
  });

const explained = (e: Refused): Failure => {
  switch (e._tag) {
    case "AddressTaken":
      return failed(`${e.address} belongs to ${e.by} already`);
    case "BadPassword":
      return misused(`this password cannot be used: ${e.reason}`);
    case "CertificateTaken":
      return failed(`this certificate already belongs to ${e.by}`);
    case "NoSuchAccount":
      return failed(`there is no account ${e.id}`);
  }
};

export const address = Argument.String("address").pipe(
  Argument.withDescription("Any address of the account"),
);
export const show = (account: Account, asJson: boolean, made: NewPassword | null = null) => {
  const secret = made?.generated === true ? Redacted.value(made.password) : null;
  if (asJson) {
    return printJson({ ...accountJson(account), ...(secret === null ? {} : { password: secret }) });
  }
  return print(
    ...accountLines(account),
    ...(secret === null ? [] : [`  password ${secret}  (shown this once)`]),
  );
};
