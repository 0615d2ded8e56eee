/** Accounts for people and for programs. */
import { printMailbox } from "../../address/mailbox.ts";
import type { Account } from "../../ports/accounts.ts";
import { grantJson, grantLine, permissionJson, permissionLine } from "../rights/rights_view.ts";

export interface AccountJson {
  readonly address: string;
  readonly aliases: ReadonlyArray<string>;
  readonly disabled: boolean;
  /** The weakest way in which it may sign in. */
  readonly minimum: string;
  /** SHA-256 fingerprints. */
  readonly certificates: ReadonlyArray<string>;
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
  minimum: a.minimum,
  certificates: a.certificates,
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
  ...(a.minimum === "plain" ? [] : [`  signs in with ${a.minimum} or better`]),
  ...a.certificates.map((f) => `  certificate ${f}`),
  ...(a.disabled ? ["  disabled"] : []),
  ...(a.rights?.groups ?? []).map((name) => `  member of group:${name}`),
  ...(a.rights?.grants ?? []).map((g) => `  granted ${grantLine(g)}`),
  ...(a.rights?.permissions ?? []).map((p) => `  ${permissionLine(p)}`),
];
