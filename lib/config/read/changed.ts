/** Outdated spellings in the configuration file, and accounts that a changed default affects. Pure. */
import { domainKey } from "../../address/domain.ts";
import { printMailbox } from "../../address/mailbox.ts";
import type { Account } from "../../ports/accounts.ts";
import type { Problem } from "../config.ts";
import { problemAt, type Source } from "./problems.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { KeyPath } from "../values/toml.ts";

/** Values that have another name now. */
export const renamed = (source: Source, c: ConfigFile): ReadonlyArray<Problem> =>
  c.rights.header_check === "strict"
    ? [problemAt(
      source,
      ["rights", "header_check"],
      'is read as "one", its name now: one author must be the account\'s. The default "every" asks it of all',
    )]
    : [];

/** So many accounts are named. */
const MAX_NAMED = 5;

/**
 * Whom a default that changed concerns: the key is absent, and accounts are there that have lived with the old one.
 * Once the key is set, to whichever value, nothing is said.
 */
export const changedDefaults = (
  source: Source,
  accounts: ReadonlyArray<Account>,
): ReadonlyArray<Problem> => {
  // authors of several domains need a right of their own, so that only colleagues wrote together
  const shares = new Map<string, number>();
  for (const a of accounts) {
    for (const d of domainsOf(a)) shares.set(d, (shares.get(d) ?? 0) + 1);
  }
  const together = accounts.filter((a) => [...domainsOf(a)].some((d) => (shares.get(d) ?? 0) > 1));
  const aliased = accounts.filter((a) => a.aliases.length > 0);
  return [
    ...absent(
      source,
      ["rights", "header_check"],
      together.length > 0,
      () =>
        'not set, and the default is "every" now: each address in From must be the account\'s, where one sufficed. ' +
        `${
          named(together)
        } can no longer name others as authors beside themselves; "one" brings that back`,
    ),
    ...absent(
      source,
      ["rights", "name_address"],
      accounts.length > 1,
      () =>
        'not set, and the default is "local" now: mail whose sender\'s name shows the address of somebody else here ' +
        'is refused, where it left; "off" brings that back',
    ),
    ...absent(
      source,
      ["headers", "sender_match"],
      aliased.length > 0,
      () =>
        'not set, and the default is "rights" now: mail from an alias gets no Sender with the return path any more. ' +
        `That concerns ${named(aliased)}; "envelope" brings it back`,
    ),
  ];
};

const domainsOf = (a: Account): ReadonlySet<string> =>
  new Set([a.primary, ...a.aliases].map((m) => domainKey(m.domain)));

const absent = (
  source: Source,
  path: readonly [string, string],
  concerned: boolean,
  message: () => string,
): ReadonlyArray<Problem> =>
  concerned && !isSet(source.document, path) ? [problemAt(source, path, message())] : [];

const isSet = (document: unknown, path: KeyPath): boolean => {
  let at: unknown = document;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return false;
    at = Reflect.get(at, part);
  }
  return true;
};

const named = (accounts: ReadonlyArray<Account>): string => {
  const first = accounts.slice(0, MAX_NAMED).map((a) => printMailbox(a.primary)).join(", ");
  return accounts.length > MAX_NAMED ? `${first} and ${accounts.length - MAX_NAMED} more` : first;
};
