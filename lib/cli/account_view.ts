/** Accounts for people and for programs. */
import { printMailbox } from "../address/mailbox.ts";
import type { Account } from "../ports/accounts.ts";

export interface AccountJson {
  readonly address: string;
  readonly aliases: ReadonlyArray<string>;
  readonly disabled: boolean;
  /** The weakest way in which it may sign in. */
  readonly minimum: string;
  /** SHA-256 fingerprints. */
  readonly certificates: ReadonlyArray<string>;
}

export const accountJson = (a: Account): AccountJson => ({
  address: printMailbox(a.primary),
  aliases: a.aliases.map(printMailbox),
  disabled: a.disabled,
  minimum: a.minimum,
  certificates: a.certificates,
});

/** One account over a few lines. */
export const accountLines = (a: Account): ReadonlyArray<string> => [
  printMailbox(a.primary),
  ...a.aliases.map((m) => `  alias ${printMailbox(m)}`),
  ...(a.minimum === "plain" ? [] : [`  signs in with ${a.minimum} or better`]),
  ...a.certificates.map((f) => `  certificate ${f}`),
  ...(a.disabled ? ["  disabled"] : []),
];
