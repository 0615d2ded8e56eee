/** Runs work on the rights of the configuration in force. */
import { Effect } from "effect";
import { type Command, Flag } from "effect/cli";
import { accountsLayer } from "../../accounts/sqlite.ts";
import type { Config } from "../../config/config.ts";
import type { Accounts, AccountsUnavailable } from "../../ports/accounts.ts";
import type { AccountsAdmin } from "../../ports/accounts_admin.ts";
import type { RightsAdmin } from "../../ports/rights_admin.ts";
import { Failure, noAccounts } from "../../app/failure.ts";
import { configOf } from "../../app/config_file.ts";
import { root } from "../root.ts";

type Stores = Accounts | AccountsAdmin | RightsAdmin;

export const onRights = (
  work: (config: Config) => Effect.Effect<void, AccountsUnavailable | Failure, Stores>,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> =>
  Effect.gen(function* () {
    const config = yield* configOf((yield* root).config);
    yield* work(config).pipe(
      Effect.provide(accountsLayer(config.accounts)),
      Effect.mapError((e) => e instanceof Failure ? e : noAccounts(config.accounts.path)(e)),
    );
  });

export const credential = Flag.String("credential").pipe(
  Flag.optional,
  Flag.withDescription("Name of the credential that signs in"),
);
