/** Accounts for people and for programs. */
import { printMailbox } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";

export interface AccountJson {
  readonly address: string;
  readonly aliases: ReadonlyArray<string>;
  readonly disabled: boolean;
}

export const accountJson = (a: Account): AccountJson => ({
  address: printMailbox(a.primary),
  aliases: a.aliases.map(printMailbox),
  disabled: a.disabled,
});

/** One account over a few lines. */
export const accountLines = (a: Account): ReadonlyArray<string> => [
  printMailbox(a.primary),
  ...a.aliases.map((m) => `  alias ${printMailbox(m)}`),
  ...(a.disabled ? ["  disabled"] : []),
];
