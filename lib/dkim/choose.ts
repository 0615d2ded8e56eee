/** Which domains sign a message. RFC 6376 §3.5, RFC 7489 §3.1.1 */
import { domainKey, parseDomainName } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";

/** Itself, then the names above it, down to two labels. */
const upward = (domain: string): ReadonlyArray<string> => {
  const labels = domain.split(".");
  return labels.slice(0, Math.max(1, labels.length - 1)).map((_, i) => labels.slice(i).join("."));
};

/**
 * For each domain of the authors the nearest one at or above it that has keys; where that is none, the same for
 * the return path. `has`: whether a domain has keys, or must have.
 */
export const signingDomains = (
  authors: ReadonlyArray<Mailbox>,
  returnPath: Mailbox | null,
  has: (domain: string) => boolean,
): ReadonlyArray<string> => {
  const nearest = (m: Mailbox): ReadonlyArray<string> => {
    if (m.domain._tag !== "Name") return [];
    const found = upward(domainKey(m.domain)).find(has);
    return found === undefined ? [] : [found];
  };
  const own = [...new Set(authors.flatMap(nearest))];
  if (own.length > 0) return own;
  return returnPath === null ? [] : nearest(returnPath);
};

/** The domain as it is written: U-labels as UTF-8 where the header holds UTF-8. RFC 8616 §5 */
export const writtenDomain = (
  domain: string,
  authors: ReadonlyArray<Mailbox>,
  utf8: boolean,
): string => {
  if (!utf8) return domain;
  const same = authors.find((m) => m.domain._tag === "Name" && m.domain.ascii === domain);
  return same === undefined ? domain : parseDomainName(same.domain.text)?.text ?? domain;
};
