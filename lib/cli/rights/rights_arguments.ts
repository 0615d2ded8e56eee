/** Principals, patterns and moments as the command line gives them. */
import { Effect } from "effect";
import { parsePrincipal, type Principal } from "../../address/grant.ts";
import { type AddressPattern, parsePattern } from "../../address/pattern.ts";
import type { AccountsUnavailable } from "../../ports/accounts.ts";
import type { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { type Failure, misused } from "../../app/failure.ts";
import { accountOf } from "../find_account.ts";

/** A group, or the account that has the address, named by its primary one. */
export const principalOf = (
  text: string,
): Effect.Effect<Principal, Failure | AccountsUnavailable, AccountsAdmin> => {
  const p = parsePrincipal(text);
  if (p === null) {
    return Effect.fail(
      misused(`${JSON.stringify(text)} is neither an address nor group:name in small letters`),
    );
  }
  return p._tag === "Group"
    ? Effect.succeed(p)
    : Effect.map(accountOf(text), (a) => ({ _tag: "Account", mailbox: a.primary }));
};

export const groupNameOf = (text: string): Effect.Effect<string, Failure> => {
  const p = parsePrincipal(text.startsWith("group:") ? text : `group:${text}`);
  return p?._tag === "Group"
    ? Effect.succeed(p.name)
    : Effect.fail(misused(`${JSON.stringify(text)} is no group: small letters, digits, ". _ -"`));
};

export const patternOf = (text: string): Effect.Effect<AddressPattern, Failure> => {
  const p = parsePattern(text);
  return p === null
    ? Effect.fail(
      misused(
        `${JSON.stringify(text)} is no pattern: say user@domain, user+*@domain or *@domain`,
      ),
    )
    : Effect.succeed(p);
};

const MOMENT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

export const momentOf = (text: string): Effect.Effect<number, Failure> => {
  const at = MOMENT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at)
    ? Effect.fail(
      misused(`${JSON.stringify(text)} is no moment: say 2027-01-31 or 2027-01-31T18:00:00Z`),
    )
    : Effect.succeed(at);
};
