/** `postern rights grant` and similar commands: changes to grants, groups and permissions in the accounts' store. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { type Grant, type Principal, printPrincipal } from "../../address/grant.ts";
import { printPattern } from "../../address/pattern.ts";
import { RightsAdmin } from "../../ports/rights_admin.ts";
import { groupNameOf, momentOf, patternOf, principalOf } from "./rights_arguments.ts";
import { credential, onRights } from "./rights_store.ts";
import { grantJson, grantLine, permissionJson, permissionLine } from "./rights_view.ts";
import { json } from "../root.ts";
import { print, printJson } from "../terminal.ts";

const principal = Argument.String("principal").pipe(
  Argument.withDescription("Any address of an account, or group:NAME"),
);
const address = Argument.String("address").pipe(
  Argument.withDescription("user@domain, user+*@domain for what is below it, or *@domain"),
);
const group = Argument.String("group").pipe(Argument.withDescription("Name of a group"));
/** Answers a change: what is as it was already counts as done. */
const told = (asJson: boolean, changed: boolean, text: string, more: object) =>
  asJson ? printJson({ changed, ...more }) : print(changed ? text : `${text}: nothing to change`);

const grantCommand = Command.make("grant", {
  principal,
  address,
  onBehalf: Flag.Boolean("on-behalf").pipe(
    Flag.withDefault(false),
    Flag.withDescription("In From only, with Sender naming the submitter"),
  ),
  credential,
  to: Flag.String("to").pipe(
    Flag.atLeast(0),
    Flag.withDescription("Only to recipients that match; may be given several times"),
  ),
  until: Flag.String("until").pipe(
    Flag.optional,
    Flag.withDescription("Until when: 2027-01-31, or a date with time and offset"),
  ),
  json,
}, (a) =>
  onRights(() =>
    Effect.gen(function* () {
      const to = yield* Effect.forEach(a.to, patternOf);
      const grant: Grant = {
        principal: yield* principalOf(a.principal),
        address: yield* patternOf(a.address),
        mode: a.onBehalf ? "on-behalf" : "as",
        credential: Option.getOrNull(a.credential),
        recipients: to.length === 0 ? null : to,
        until: Option.isNone(a.until) ? null : yield* momentOf(a.until.value),
      };
      const changed = yield* RightsAdmin.use((r) => r.grant(grant));
      yield* told(a.json, changed, `granted: ${grantLine(grant)}`, { grant: grantJson(grant) });
    })
  )).pipe(Command.withDescription("Let an account or a group send as an address"));

const revokeCommand = Command.make(
  "revoke",
  { principal, address, json },
  (a) =>
    onRights(() =>
      Effect.gen(function* () {
        const from = yield* principalOf(a.principal);
        const pattern = yield* patternOf(a.address);
        const changed = yield* RightsAdmin.use((r) => r.revoke(from, pattern));
        const text = `revoked: ${printPattern(pattern)} from ${printPrincipal(from)}`;
        yield* told(a.json, changed, text, {});
      })
    ),
).pipe(Command.withDescription("Take such a grant back"));

type Change = "permit" | "forbid";

const limitCommand = (name: "limit" | "unlimit", change: Change, description: string) =>
  Command.make(name, { principal, address, json }, (a) =>
    onRights(() =>
      Effect.gen(function* () {
        const p = {
          principal: yield* principalOf(a.principal),
          name: "send-to",
          address: yield* patternOf(a.address),
        } as const;
        const changed = yield* RightsAdmin.use((r) => r[change](p));
        yield* told(a.json, changed, permissionLine(p), { permission: permissionJson(p) });
      })
    )).pipe(Command.withDescription(description));

const allowCommand = (name: "allow" | "disallow", change: Change, description: string) =>
  Command.make(name, {
    principal,
    right: Argument.Literals("right", ["group-from", "several-domains"]),
    json,
  }, (a) =>
    onRights(() =>
      Effect.gen(function* () {
        const p = { principal: yield* principalOf(a.principal), name: a.right, address: null };
        const changed = yield* RightsAdmin.use((r) => r[change](p));
        yield* told(a.json, changed, permissionLine(p), { permission: permissionJson(p) });
      })
    )).pipe(Command.withDescription(description));

const memberCommand = (name: "join" | "leave", description: string) =>
  Command.make(name, { principal, group, json }, (a) =>
    onRights(() =>
      Effect.gen(function* () {
        const member: Principal = yield* principalOf(a.principal);
        const to = yield* groupNameOf(a.group);
        const changed = yield* RightsAdmin.use((r) => r[name](to, member));
        const text = `${printPrincipal(member)} ${
          name === "join" ? "joins" : "leaves"
        } group:${to}`;
        yield* told(a.json, changed, text, {});
      })
    )).pipe(Command.withDescription(description));

export const changeCommands = [
  grantCommand,
  revokeCommand,
  memberCommand("join", "Make an account or a group a member of a group"),
  memberCommand("leave", "End such a membership"),
  limitCommand("limit", "permit", "Let an account or group send to matching recipients only"),
  limitCommand("unlimit", "forbid", "Take such a limit back"),
  allowCommand("allow", "permit", "Allow a From without a mailbox, or authors in several domains"),
  allowCommand("disallow", "forbid", "Take such a permission back"),
] as const;
