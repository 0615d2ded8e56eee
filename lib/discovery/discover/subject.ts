/** The subject of discovery: an address, or only a domain. docs/design/autodiscovery.md §9.2 */
import { fullyQualified, parseDomainName } from "../../address/domain.ts";

export interface Subject {
  /** As it was given, its domain in A-labels; null for a domain alone. */
  readonly email: string | null;
  readonly local: string | null;
  /** A-labels in lower case. */
  readonly domain: string;
}

/** RFC 5321 §4.5.3.1.1 */
const MAX_LOCAL = 64;

/** Splits at the last `@`. Null: no address and no domain, or an address literal. */
export const parseSubject = (text: string): Subject | null => {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf("@");
  const name = parseDomainName(trimmed.slice(at + 1).replace(/\.$/, ""));
  if (name === null || !fullyQualified(name) || /^[0-9.]+$/.test(name.ascii)) return null;
  if (name.ascii.length > 253) return null;
  if (at < 0) return { email: null, local: null, domain: name.ascii };
  const local = trimmed.slice(0, at);
  if (local === "" || local.length > MAX_LOCAL || /[\s\p{Cc}<>]/u.test(local)) return null;
  return { email: `${local}@${name.ascii}`, local, domain: name.ascii };
};
