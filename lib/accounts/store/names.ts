/** What the store compares of addresses and login names; see `addressKey`. */
import { addressKey, foldName } from "../../address/account_key.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import { saslprep } from "../../sasl/saslprep.ts";

export { addressKey };

/** Local part for comparison. */
export const localKey = (m: Mailbox): string => foldName(m.local);

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
  if (!prepared.includes("@")) return { _tag: "Local", key: foldName(prepared) };
  const mailbox = parseMailbox(prepared);
  return mailbox === null
    ? { _tag: "Nobody", key: prepared }
    : { _tag: "Address", key: addressKey(mailbox) };
};
