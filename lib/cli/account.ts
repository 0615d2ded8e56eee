/** `postern account`: the accounts, over the port `AccountsAdmin`. */
import { Effect, type Option, Redacted } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { accountsLayer } from "../accounts/sqlite.ts";
import type { Account, Accounts, AccountsUnavailable } from "../ports/accounts.ts";
import {
  AccountsAdmin,
  type AddressTaken,
  type BadPassword,
  type NoSuchAccount,
} from "../ports/accounts_admin.ts";
import { accountJson, accountLines } from "./account_view.ts";
import { failed, Failure, misused, noAccounts } from "./failure.ts";
import { accountOf, mailboxOf } from "./find_account.ts";
import { type NewPassword, newPassword } from "./password.ts";
import { configOf } from "./places.ts";
import { json, root } from "./root.ts";
import { print, printJson } from "./terminal.ts";

type StoreError = AccountsUnavailable | AddressTaken | BadPassword | NoSuchAccount;

/** Runs `work` on the accounts of the configuration in force. */
const onAccounts = (
  work: Effect.Effect<void, StoreError | Failure, Accounts | AccountsAdmin>,
): Effect.Effect<void, Failure, Command.CommandContext<"postern">> =>
  Effect.gen(function* () {
    const { config } = yield* root;
    return yield* withAccounts(config, work);
  });

const withAccounts = (
  given: Option.Option<string>,
  work: Effect.Effect<void, StoreError | Failure, Accounts | AccountsAdmin>,
): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const { accounts } = yield* configOf(given);
    const plain = (e: StoreError | Failure): Failure => {
      if (e instanceof Failure) return e;
      return e._tag === "AccountsUnavailable" ? noAccounts(accounts.path)(e) : explained(e);
    };
    yield* work.pipe(Effect.provide(accountsLayer(accounts)), Effect.mapError(plain));
  });

const explained = (e: AddressTaken | BadPassword | NoSuchAccount): Failure => {
  switch (e._tag) {
    case "AddressTaken":
      return failed(`${e.address} belongs to ${e.by} already`);
    case "BadPassword":
      return misused(`this password cannot be used: ${e.reason}`);
    case "NoSuchAccount":
      return failed(`there is no account ${e.id}`);
  }
};

const address = Argument.String("address").pipe(
  Argument.withDescription("Any address of the account"),
);
const passwordStdin = Flag.Boolean("password-stdin").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Take the password from the first line of standard input"),
);

const show = (account: Account, asJson: boolean, made: NewPassword | null = null) => {
  const secret = made?.generated === true ? Redacted.value(made.password) : null;
  if (asJson) {
    return printJson({ ...accountJson(account), ...(secret === null ? {} : { password: secret }) });
  }
  return print(
    ...accountLines(account),
    ...(secret === null ? [] : [`  password ${secret}  (shown this once)`]),
  );
};

const add = Command.make("add", {
  address: Argument.String("address").pipe(
    Argument.withDescription("Primary address, which is the login name too"),
  ),
  alias: Flag.String("alias").pipe(
    Flag.atLeast(0),
    Flag.withDescription("Another address of the account; may be given several times"),
  ),
  passwordStdin,
  json,
}, (a) =>
  onAccounts(Effect.gen(function* () {
    const primary = yield* mailboxOf(a.address);
    const aliases = yield* Effect.forEach(a.alias, mailboxOf);
    const made = yield* newPassword(a.passwordStdin);
    const account = yield* AccountsAdmin.use((admin) =>
      admin.add({ primary, aliases, password: made.password })
    );
    yield* show(account, a.json, made);
  }))).pipe(Command.withDescription("Make an account"));

const list = Command.make("list", { json }, (a) =>
  onAccounts(Effect.gen(function* () {
    const all = yield* AccountsAdmin.use((admin) => admin.list);
    if (a.json) return yield* printJson(all.map(accountJson));
    yield* all.length === 0 ? print("no accounts") : print(...all.flatMap(accountLines));
  }))).pipe(Command.withDescription("List all accounts"));

const showOne = Command.make("show", { address, json }, (a) =>
  onAccounts(Effect.gen(function* () {
    yield* show(yield* accountOf(a.address), a.json);
  }))).pipe(Command.withDescription("Show one account"));

const passwd = Command.make(
  "passwd",
  { address, passwordStdin, json },
  (a) =>
    onAccounts(Effect.gen(function* () {
      const { id } = yield* accountOf(a.address);
      const made = yield* newPassword(a.passwordStdin);
      const account = yield* AccountsAdmin.use((admin) => admin.setPassword(id, made.password));
      yield* show(account, a.json, made);
    })),
).pipe(Command.withDescription("Set a new password"));

const setDisabled = (name: "disable" | "enable", disabled: boolean, description: string) =>
  Command.make(name, { address, json }, (a) =>
    onAccounts(Effect.gen(function* () {
      const { id } = yield* accountOf(a.address);
      yield* show(yield* AccountsAdmin.use((admin) => admin.setDisabled(id, disabled)), a.json);
    }))).pipe(Command.withDescription(description));

const remove = Command.make("remove", { address, json }, (a) =>
  onAccounts(Effect.gen(function* () {
    const account = yield* accountOf(a.address);
    yield* AccountsAdmin.use((admin) => admin.remove(account.id));
    yield* a.json ? printJson({ removed: account.id }) : print(`removed ${account.id}`);
  }))).pipe(Command.withDescription("Remove an account and free its addresses"));

export const accountCommand = Command.make("account").pipe(
  Command.withDescription("Who may sign in"),
  Command.withSubcommands([
    add,
    list,
    showOne,
    passwd,
    setDisabled("disable", true, "Keep the account, refuse its logins"),
    setDisabled("enable", false, "Take a disabled account's logins again"),
    remove,
  ]),
);
