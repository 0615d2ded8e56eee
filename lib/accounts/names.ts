/**
 * The form in which the store compares addresses and login names: domains as A-labels, local parts
 * without case, both sides NFKC, so that no two accounts differ by what the eye cannot see.
 */
import { domainKey } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import { printLocal } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import { saslprep } from "../sasl/saslprep.ts";

const fold = (s: string): string => s.normalize("NFKC").toLowerCase();

/** Local part for comparison. */
export const localKey = (m: Mailbox): string => fold(m.local);

/** Unique over all addresses of all accounts. */
export const addressKey = (m: Mailbox): string =>
  `${printLocal(localKey(m))}@${domainKey(m.domain)}`;

/** What a login name can mean. RFC 6186 §5 */
export type LoginName =
  | { readonly _tag: "Address"; readonly key: string }
  /** A local part alone: good where just one account has it. */
  | { readonly _tag: "Local"; readonly key: string }
  | { readonly _tag: "Nobody"; readonly key: string };

/** Reads a login name after preparation. RFC 4616 §2 */
export const readLoginName = (authcid: string): LoginName => {
  const prepared = saslprep(authcid);
  if (prepared === null) return { _tag: "Nobody", key: authcid };
  if (!prepared.includes("@")) return { _tag: "Local", key: fold(prepared) };
  const mailbox = parseMailbox(prepared);
  return mailbox === null
    ? { _tag: "Nobody", key: prepared }
    : { _tag: "Address", key: addressKey(mailbox) };
};
