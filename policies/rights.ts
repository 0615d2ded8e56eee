/**
 * Who may send as what: an account may use its own addresses, their subaddresses, and granted addresses.
 *
 * A site with other rules writes a value of the same type. RFC 6409 §6.1, §6.2
 */
import { addressKey } from "../lib/address/account_key.ts";
import {
  type Grant,
  type Permission,
  type Principal,
  principalKey,
  printPrincipal,
} from "../lib/address/grant.ts";
import { type Comparison, comparison } from "../lib/address/local_rules.ts";
import type { Mailbox } from "../lib/address/mailbox.ts";
import { type AddressPattern, matcher } from "../lib/address/pattern.ts";
import type { Account } from "../lib/ports/accounts.ts";
import type { Circumstances, Right } from "../lib/ports/sender_rights.ts";
import type { Held, RightsPolicy, RightsSettings } from "../lib/stages/policy.ts";

const NONE: Right = { granted: false, rule: "none" };

/** What an account holds, ready to be asked. */
interface Book {
  /** Own addresses by their key. */
  readonly own: ReadonlyMap<string, Right>;
  readonly held: ReadonlyArray<Held>;
  /** Null: it may send to anybody. */
  readonly recipients: ReadonlyArray<(m: Mailbox) => boolean> | null;
  readonly permissions: ReadonlySet<Permission["name"]>;
}

/**
 * The account's primary address, its aliases, `user+detail` of each of them, and grants to it or to a group of
 * it: those kept beside the account and those of the configuration.
 *
 * `user+detail` is the user's even if another account has exactly that address: a separator that stands in account
 * names ("mary-ann" beside "mary") must not be configured; `postern config check` warns.
 */
export const ownAddresses = (settings: RightsSettings): RightsPolicy => {
  const c = comparison(settings);
  const configured = byPrincipal(settings.grants ?? []);
  const permitted = byPrincipal(settings.permissions ?? []);
  const books = new WeakMap<Account, Book>();
  const bookOf = (account: Account): Book => {
    const known = books.get(account);
    if (known !== undefined) return known;
    const made = makeBook(c, account, configured, permitted);
    books.set(account, made);
    return made;
  };
  return {
    as: (account, mailbox, circumstances) => {
      const book = bookOf(account);
      return own(c, book, mailbox) ?? granted(c, book, mailbox, circumstances) ?? NONE;
    },
    to: (account, recipient) => {
      const { recipients } = bookOf(account);
      if (recipients === null) return { granted: true, rule: "anybody" };
      return recipients.some((m) => m(recipient)) ? { granted: true, rule: "send-to" } : NONE;
    },
    may: (account, what) =>
      bookOf(account).permissions.has(what) ? { granted: true, rule: what } : NONE,
    held: (account) => bookOf(account).held,
  };
};

const own = (c: Comparison, book: Book, mailbox: Mailbox): Right | null => {
  const exact = book.own.get(c.key(mailbox));
  if (exact !== undefined) return exact;
  for (const key of c.above(mailbox)) {
    const right = book.own.get(key);
    if (right !== undefined) return { ...right, rule: "subaddress" };
  }
  return null;
};

/** `as` wins over `on-behalf`. */
const granted = (
  c: Comparison,
  book: Book,
  mailbox: Mailbox,
  circumstances: Circumstances,
): Right | null => {
  let found: Right | null = null;
  for (const h of book.held) {
    if (h.rule !== "grant" || !h.matches(mailbox) || !holds(c, h, circumstances)) continue;
    if (h.mode === "as") return { granted: true, rule: "grant", by: h.by ?? "" };
    found ??= { granted: false, onBehalf: true, rule: "on-behalf", by: h.by ?? "" };
  }
  return found;
};

const holds = (c: Comparison, h: Held, { at, credential, recipients }: Circumstances): boolean =>
  (h.until === null || at < h.until) && (h.credential === null || h.credential === credential) &&
  (h.recipients === null || recipients === null ||
    recipients.every((r) => h.recipients?.some((p) => matcher(p, c, true)(r))));

const byPrincipal = <A extends { readonly principal: Principal }>(
  all: ReadonlyArray<A>,
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const out = new Map<string, Array<A>>();
  for (const a of all) {
    const key = principalKey(a.principal);
    out.set(key, [...out.get(key) ?? [], a]);
  }
  return out;
};

const makeBook = (
  c: Comparison,
  account: Account,
  configured: ReadonlyMap<string, ReadonlyArray<Grant>>,
  permitted: ReadonlyMap<string, ReadonlyArray<Permission>>,
): Book => {
  const addresses = [account.primary, ...account.aliases];
  const principals = [
    ...addresses.map(addressKey),
    ...(account.rights?.groups ?? []).map((name) => `group:${name}`),
  ];
  const grants = [
    ...account.rights?.grants ?? [],
    ...principals.flatMap((p) => configured.get(p) ?? []),
  ];
  const permissions = [
    ...account.rights?.permissions ?? [],
    ...principals.flatMap((p) => permitted.get(p) ?? []),
  ];
  const limits = permissions.flatMap((p) =>
    p.name === "send-to" && p.address !== null ? [matcher(p.address, c, true)] : []
  );
  const own = new Map<string, Right>();
  for (const [i, address] of addresses.entries()) {
    const key = c.key(address);
    const rule = i === 0 ? "primary" : "alias";
    if (!own.has(key)) own.set(key, { granted: true, rule, address });
  }
  return {
    own,
    held: [
      ...addresses.flatMap((m, i) => ownHeld(c, m, i === 0 ? "primary" : "alias")),
      ...grants.map((g) => grantHeld(c, g)),
    ],
    recipients: limits.length === 0 ? null : limits,
    permissions: new Set(permissions.map((p) => p.name)),
  };
};

const UNCONDITIONAL = { mode: "as", credential: null, recipients: null, until: null } as const;

/** An own address, and what is below it. */
const ownHeld = (c: Comparison, mailbox: Mailbox, rule: string): ReadonlyArray<Held> => {
  const exact: AddressPattern = { _tag: "Exact", mailbox };
  const separator = c.separatorOf(mailbox);
  const out: Array<Held> = [{
    ...UNCONDITIONAL,
    address: exact,
    rule,
    by: null,
    matches: matcher(exact, c),
  }];
  if (separator === null) return out;
  const below: AddressPattern = { _tag: "Below", user: mailbox, separator };
  out.push({
    ...UNCONDITIONAL,
    address: below,
    rule: "subaddress",
    by: null,
    matches: matcher(below, c),
  });
  return out;
};

const grantHeld = (c: Comparison, g: Grant): Held => ({
  address: g.address,
  mode: g.mode,
  credential: g.credential,
  recipients: g.recipients,
  until: g.until,
  rule: "grant",
  by: printPrincipal(g.principal),
  matches: matcher(g.address, c),
});
