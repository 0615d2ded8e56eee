/**
 * Who may send as what: an account may use its own addresses, and addresses below them.
 *
 * A site with other rules writes a function of the same type. RFC 6409 §6.1
 */
import { domainKey } from "../lib/address/domain.ts";
import type { Mailbox } from "../lib/address/mailbox.ts";
import type { Account } from "../lib/ports/accounts.ts";
import type { Right } from "../lib/ports/sender_rights.ts";
import type { RightsPolicy, RightsSettings } from "../lib/stages/policy.ts";

/** Letters of ASCII only: what Unicode folds together (U+212A and "k") stays apart. */
const fold = (s: string): string => s.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const none: Right = { granted: false, rule: "none" };

/**
 * The account's primary address, its aliases, and `user+detail` of each of them.
 *
 * Domains compare as A-labels. In local domains local parts compare without case, and what follows the
 * separator is detail; elsewhere every octet counts. RFC 5321 §2.4, RFC 5233 §4
 *
 * `user+detail` is the user's even where another account has that very address: a separator that stands in
 * account names ("mary-ann" beside "mary") must not be configured.
 */
export const ownAddresses = (settings: RightsSettings): RightsPolicy => {
  const local = settings.localDomains === null ? null : new Set(settings.localDomains);
  const separatorOf = (domain: string): string | null => {
    const own = settings.separators;
    return own !== undefined && Object.hasOwn(own, domain)
      ? own[domain] ?? null
      : settings.separator;
  };
  return (account, mailbox) => {
    const domain = domainKey(mailbox.domain);
    const isLocal = mailbox.domain._tag === "Name" && (local === null || local.has(domain));
    const separator = isLocal ? separatorOf(domain) : null;
    const wanted = isLocal ? fold(mailbox.local) : mailbox.local;
    let below: Right = none;
    for (const [address, rule] of addressesOf(account)) {
      if (domainKey(address.domain) !== domain) continue;
      const own = isLocal ? fold(address.local) : address.local;
      if (own === wanted) return { granted: true, rule, address };
      // the detail may not be empty: "alice+" is nobody's
      if (
        separator !== null && wanted.length > own.length + separator.length &&
        wanted.startsWith(own + separator)
      ) below = { granted: true, rule: "subaddress", address };
    }
    return below;
  };
};

const addressesOf = function* (account: Account): Iterable<readonly [Mailbox, string]> {
  yield [account.primary, "primary"];
  for (const alias of account.aliases) yield [alias, "alias"];
};
