/** `postern account`: the accounts, over the port `AccountsAdmin`. */
import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { certificate, minimum } from "./account_login.ts";
import { address, onAccounts, onAccountsAs, show } from "./account_store.ts";
import { accountOf, mailboxOf } from "../find_account.ts";
import { accountJson, accountLines } from "./account_view.ts";
import { newPassword, strong } from "./password.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

const passwordStdin = Flag.Boolean("password-stdin").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Read the password from the first line of standard input"),
);

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
  onAccountsAs(({ passwordLength }) =>
    Effect.gen(function* () {
      const primary = yield* mailboxOf(a.address);
      const aliases = yield* Effect.forEach(a.alias, mailboxOf);
      const made = yield* newPassword(a.passwordStdin);
      yield* strong(made, [primary, ...aliases], passwordLength);
      const account = yield* AccountsAdmin.use((admin) =>
        admin.add({ primary, aliases, password: made.password })
      );
      yield* show(account, a.json, made);
    })
  )).pipe(Command.withDescription("Make an account"));

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
    onAccountsAs(({ passwordLength }) =>
      Effect.gen(function* () {
        const { id, primary, aliases } = yield* accountOf(a.address);
        const made = yield* newPassword(a.passwordStdin);
        yield* strong(made, [primary, ...aliases], passwordLength);
        const account = yield* AccountsAdmin.use((admin) => admin.setPassword(id, made.password));
        yield* show(account, a.json, made);
      })
    ),
).pipe(Command.withDescription("Set a new password"));

const takeHash = Command.make(
  "import",
  { address, json },
  (a) =>
    onAccounts(Effect.gen(function* () {
      const { id } = yield* accountOf(a.address);
      const { password } = yield* newPassword(true);
      yield* show(yield* AccountsAdmin.use((admin) => admin.setHash(id, password)), a.json);
    })),
).pipe(
  Command.withDescription(
    "Import the password hash of another server, from the first line of standard input",
  ),
);

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
    takeHash,
    setDisabled("disable", true, "Keep the account, refuse its logins"),
    setDisabled("enable", false, "Enable a disabled account"),
    minimum,
    certificate,
    remove,
  ]),
);
