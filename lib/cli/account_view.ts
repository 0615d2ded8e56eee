/** Accounts for people and for programs. */
import { printMailbox } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";
import { grantJson, grantLine, permissionJson, permissionLine } from "./rights_view.ts";

export interface AccountJson {
  readonly address: string;
  readonly aliases: ReadonlyArray<string>;
  readonly disabled: boolean;
  /** Kept beside the account, as `postern rights` shows them; absent: there are none. */
  readonly rights?: {
    readonly groups: ReadonlyArray<string>;
    readonly grants: ReadonlyArray<unknown>;
    readonly permissions: ReadonlyArray<unknown>;
  };
}

export const accountJson = (a: Account): AccountJson => ({
  address: printMailbox(a.primary),
  aliases: a.aliases.map(printMailbox),
  disabled: a.disabled,
  ...(a.rights === undefined ? {} : {
    rights: {
      groups: a.rights.groups,
      grants: a.rights.grants.map(grantJson),
      permissions: a.rights.permissions.map(permissionJson),
    },
  }),
});

/** One account over a few lines. */
export const accountLines = (a: Account): ReadonlyArray<string> => [
  printMailbox(a.primary),
  ...a.aliases.map((m) => `  alias ${printMailbox(m)}`),
  ...(a.disabled ? ["  disabled"] : []),
  ...(a.rights?.groups ?? []).map((name) => `  member of group:${name}`),
  ...(a.rights?.grants ?? []).map((g) => `  granted ${grantLine(g)}`),
  ...(a.rights?.permissions ?? []).map((p) => `  ${permissionLine(p)}`),
];
