/** `postern rights`: who may send as what, by the policy of the site. Changes are in `rights_change.ts`. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { RightsAdmin } from "../../ports/rights_admin.ts";
import type { Policies } from "../../stages/policy.ts";
import { Failure } from "../../app/failure.ts";
import { accountOf, mailboxOf } from "../find_account.ts";
import { changeCommands } from "./rights_change.ts";
import { credential, onRights } from "./rights_store.ts";
import { runTest } from "./rights_test_run.ts";
import {
  grantJson,
  grantLine,
  groupJson,
  groupLine,
  heldJson,
  heldLine,
  permissionJson,
  permissionLine,
  verdictJson,
  verdictLines,
} from "./rights_view.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

const account = Argument.String("account").pipe(
  Argument.withDescription("Any address of the account"),
);
const whoCommand = (policies: Policies) =>
  Command.make(
    "who",
    { address: Argument.String("address"), json },
    (a) =>
      onRights((config) =>
        Effect.gen(function* () {
          const wanted = yield* mailboxOf(a.address);
          const policy = policies.rights(config.rights);
          const all = yield* AccountsAdmin.use((admin) => admin.list);
          const found = all.flatMap((one) =>
            policy.held(one).filter((h) => h.matches(wanted)).map((held) => ({
              account: one,
              held,
            }))
          );
          if (a.json) return yield* printJson(found.map((f) => heldJson(f.held, f.account)));
          yield* found.length === 0
            ? print(`nobody may send as ${a.address}`)
            : print(...found.map((f) => heldLine(f.held, f.account)));
        })
      ),
  ).pipe(Command.withDescription("Which accounts may send as an address, and why"));

const ofCommand = (policies: Policies) =>
  Command.make("of", { account, json }, (a) =>
    onRights((config) =>
      Effect.gen(function* () {
        const one = yield* accountOf(a.account);
        const policy = policies.rights(config.rights);
        const held = policy.held(one);
        const limits = [...one.rights?.permissions ?? []];
        const groups = one.rights?.groups ?? [];
        if (a.json) {
          return yield* printJson({
            account: one.id,
            groups,
            rights: held.map((h) => heldJson(h)),
            permissions: limits.map(permissionJson),
          });
        }
        yield* print(
          one.id,
          ...held.map((h) => `  ${heldLine(h)}`),
          ...groups.map((name) => `  member of group:${name}`),
          ...limits.map((p) => `  ${permissionLine(p)}`),
        );
      })
    )).pipe(Command.withDescription("What an account may send as"));

const testCommand = (policies: Policies) =>
  Command.make("test", {
    account,
    from: Flag.String("from").pipe(
      Flag.atLeast(0),
      Flag.withDescription("Address in From, may be given several times; default: the primary one"),
    ),
    mailFrom: Flag.String("mail-from").pipe(
      Flag.optional,
      Flag.withDescription('Return path, "<>" for none; default: the primary address'),
    ),
    sender: Flag.String("sender").pipe(Flag.optional, Flag.withDescription("Address in Sender")),
    resentFrom: Flag.String("resent-from").pipe(
      Flag.optional,
      Flag.withDescription("Address in Resent-From: the message is resent"),
    ),
    to: Flag.String("to").pipe(
      Flag.atLeast(0),
      Flag.withDescription("Recipient, may be given several times"),
    ),
    credential,
    json,
  }, (a) =>
    onRights((config) =>
      Effect.gen(function* () {
        const one = yield* accountOf(a.account);
        const verdict = yield* runTest(config, policies, one, {
          from: yield* Effect.forEach(a.from, mailboxOf),
          mailFrom: yield* Option.match(a.mailFrom, {
            onNone: () => Effect.succeed(one.primary),
            onSome: (m) => m === "" || m === "<>" ? Effect.succeed(null) : mailboxOf(m),
          }),
          sender: Option.isNone(a.sender) ? null : yield* mailboxOf(a.sender.value),
          resentFrom: Option.isNone(a.resentFrom) ? null : yield* mailboxOf(a.resentFrom.value),
          to: yield* Effect.forEach(a.to, mailboxOf),
          credential: Option.getOrNull(a.credential),
        });
        yield* a.json ? printJson(verdictJson(verdict)) : print(...verdictLines(verdict));
        if (!verdict.granted) return yield* new Failure({ lines: [], exitCode: 1 });
      })
    )).pipe(
      Command.withDescription("Show the reply to a message; exit status 0 granted, 1 refused"),
    );

const listCommand = Command.make(
  "list",
  { json },
  (a) =>
    onRights((config) =>
      Effect.gen(function* () {
        const store = yield* RightsAdmin;
        const grants = [...yield* store.grants, ...config.rights.grants ?? []];
        const permissions = [...yield* store.permissions, ...config.rights.permissions ?? []];
        const groups = [...yield* store.groups, ...config.accounts.groups];
        if (a.json) {
          return yield* printJson({
            grants: grants.map(grantJson),
            groups: groups.map(groupJson),
            permissions: permissions.map(permissionJson),
          });
        }
        const lines = [
          ...grants.map(grantLine),
          ...groups.map(groupLine),
          ...permissions.map(permissionLine),
        ];
        yield* lines.length === 0 ? print("no grants, groups or permissions") : print(...lines);
      })
    ),
).pipe(
  Command.withDescription("All grants, groups and permissions, of the store and of the file"),
);

export const rightsCommand = (policies: Policies) =>
  Command.make("rights").pipe(
    Command.withDescription("Who may send as what"),
    Command.withSubcommands([
      whoCommand(policies),
      ofCommand(policies),
      testCommand(policies),
      listCommand,
      ...changeCommands,
    ]),
  );
