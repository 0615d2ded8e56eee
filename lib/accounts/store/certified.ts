/** Finds the account of a certificate: by the fingerprint set for an account, otherwise by the addresses in it. */
import type { Account, ClientCertificate } from "../../ports/accounts.ts";
import { readLoginName } from "./names.ts";
import type { Store } from "./store.ts";

/** Null for nobody, and for a certificate whose addresses belong to several accounts. RFC 4422 App. A */
export const accountOf = (store: Store, certificate: ClientCertificate): Account | null => {
  const pinned = store.byCertificate(certificate.fingerprint);
  if (pinned !== null) return pinned.account;
  const named = new Map<string, Account>();
  for (const address of certificate.addresses) {
    const name = readLoginName(address);
    const found = name._tag === "Address" ? store.byLogin(name) : null;
    if (found !== null) named.set(found.account.id, found.account);
  }
  const [only] = named.values();
  return only === undefined || named.size > 1 ? null : only;
};
