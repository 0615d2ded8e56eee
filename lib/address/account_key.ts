/**
 * The form in which accounts are distinguished: domains as A-labels, local parts without case, both sides NFKC, so
 * that no two accounts differ by what the eye cannot see.
 */
import { domainKey } from "./domain.ts";
import { type Mailbox, printLocal } from "./mailbox.ts";

/** Without case, compatibility forms folded together. */
export const foldName = (s: string): string => s.normalize("NFKC").toLowerCase();

/** Unique over all addresses of all accounts. */
export const addressKey = (m: Mailbox): string =>
  `${printLocal(foldName(m.local))}@${domainKey(m.domain)}`;
