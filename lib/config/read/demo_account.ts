/** The account of a first run, among those of a configuration that is meant for more. */
import { printMailbox } from "../../address/mailbox.ts";
import type { Account } from "../../ports/accounts.ts";
import type { Problem } from "../config.ts";
import { problemAt, type Source } from "./problems.ts";

/** What a first run calls itself. */
export const DEMO_HOSTNAME = "postern.localhost";

/** Its password lies in a file beside its configuration. */
export const demoAccount = (
  source: Source,
  hostname: string,
  accounts: ReadonlyArray<Account>,
): ReadonlyArray<Problem> => {
  if (hostname === DEMO_HOSTNAME) return [];
  return accounts
    .filter((a) => !a.disabled && a.primary.domain.text === DEMO_HOSTNAME)
    .map((a) => {
      const name = printMailbox(a.primary);
      return problemAt(
        source,
        ["accounts", "url"],
        `holds the account ${name} that \`postern start\` made for trying out: whoever has its ` +
          `password signs in here; take accounts of your own, or \`postern account remove ${name}\``,
      );
    });
};
