/** Changing grants, groups and permissions that are kept beside the accounts: the port behind `postern rights`. */
import { Context, type Effect } from "effect";
import type { Grant, Group, Permission, Principal } from "../address/grant.ts";
import type { AddressPattern } from "../address/pattern.ts";
import type { AccountsUnavailable } from "./accounts.ts";

/** Accounts as principals are named by their primary address. Each change returns whether it changed anything. */
export interface RightsAdminService {
  readonly grants: Effect.Effect<ReadonlyArray<Grant>, AccountsUnavailable>;
  readonly permissions: Effect.Effect<ReadonlyArray<Permission>, AccountsUnavailable>;
  readonly groups: Effect.Effect<ReadonlyArray<Group>, AccountsUnavailable>;
  /** A grant of the same principal, address, mode and credential is replaced. */
  readonly grant: (g: Grant) => Effect.Effect<boolean, AccountsUnavailable>;
  /** All grants of this address to this principal. */
  readonly revoke: (
    principal: Principal,
    address: AddressPattern,
  ) => Effect.Effect<boolean, AccountsUnavailable>;
  readonly permit: (p: Permission) => Effect.Effect<boolean, AccountsUnavailable>;
  readonly forbid: (p: Permission) => Effect.Effect<boolean, AccountsUnavailable>;
  readonly join: (group: string, member: Principal) => Effect.Effect<boolean, AccountsUnavailable>;
  readonly leave: (group: string, member: Principal) => Effect.Effect<boolean, AccountsUnavailable>;
}

const RightsAdminBase: Context.ServiceClass<
  RightsAdmin,
  "postern/RightsAdmin",
  RightsAdminService
> = Context.Service<RightsAdmin, RightsAdminService>()("postern/RightsAdmin");

/** The key under which an Effect asks for {@link RightsAdminService}. */
export class RightsAdmin extends RightsAdminBase {}
