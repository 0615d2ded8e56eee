/**
 * Which spellings are the same address, and what is below another: case, quotes, Unicode forms, subaddresses.
 *
 * Stricter than `addressKey`, which keeps accounts apart: here a spelling must be proven to be the same. What
 * Unicode folds together (U+212A and "k"), what is not in NFC, and what only looks alike stays apart.
 */
import { domainKey, isAscii } from "./domain.ts";
import type { Mailbox } from "./mailbox.ts";

/** How local parts of the site's own domains compare: case, and what separates a user from a detail. RFC 5233 §4 */
export interface LocalRules {
  /** A-label names; null: every domain that is compared. */
  readonly localDomains: ReadonlyArray<string> | null;
  /** Between user and detail, where a local domain has no own entry; null: no subaddresses. RFC 5233 §4 */
  readonly separator: string | null;
  /** By A-label name, for local domains that differ. */
  readonly separators?: Readonly<Record<string, string | null>>;
}

export interface Comparison {
  /** Equal for spellings of one address. In local domains local parts have no case. RFC 5321 §2.4 */
  readonly key: (m: Mailbox) => string;
  /** Keys of the addresses that `m` is a subaddress of, the shortest first. */
  readonly above: (m: Mailbox) => ReadonlyArray<string>;
  /** The separator of a local domain; null for others. */
  readonly separatorOf: (m: Mailbox) => string | null;
}

/** Letters of ASCII only: what Unicode folds together (U+212A and "k") stays apart. */
const fold = (s: string): string => s.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const NOTHING: ReadonlyArray<string> = [];

export const comparison = (rules: LocalRules): Comparison => {
  const local = rules.localDomains === null ? null : new Set(rules.localDomains);
  const isLocal = (m: Mailbox): boolean =>
    m.domain._tag === "Name" && (local === null || local.has(m.domain.ascii));
  const separatorOf = (m: Mailbox): string | null => {
    if (!isLocal(m)) return null;
    const domain = domainKey(m.domain);
    const own = rules.separators;
    return own !== undefined && Object.hasOwn(own, domain) ? own[domain] ?? null : rules.separator;
  };
  // a text that NFC would change is another address than the one it looks like. RFC 8265 §3.3
  const spelled = (m: Mailbox): string =>
    isLocal(m) && (isAscii(m.local) || m.local.normalize("NFC") === m.local)
      ? fold(m.local)
      : m.local;
  return {
    separatorOf,
    key: (m) => `${spelled(m)}@${domainKey(m.domain)}`,
    above: (m) => {
      const separator = separatorOf(m);
      if (separator === null || !m.local.includes(separator)) return NOTHING;
      const text = spelled(m);
      const out: Array<string> = [];
      // neither the user nor the detail may be empty: "alice+" belongs to no account
      for (let at = text.indexOf(separator, 1); at > 0; at = text.indexOf(separator, at + 1)) {
        if (at + separator.length < text.length) {
          out.push(`${text.slice(0, at)}@${domainKey(m.domain)}`);
        }
      }
      return out;
    },
  };
};
