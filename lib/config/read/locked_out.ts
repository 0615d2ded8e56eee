/** Accounts whose minimum no offered mechanism reaches. Pure. RFC 4954 §6 */
import { strongEnough } from "../../envelope/strength.ts";
import type { Account } from "../../ports/accounts.ts";
import type { Config } from "../config.ts";

/** Nobody can use EXTERNAL without authorities for clients, or a token that nobody issues. */
const usable = ({ auth, tls }: Pick<Config, "auth" | "tls">): ReadonlyArray<string> =>
  auth.mechanisms.filter((m) =>
    m === "EXTERNAL"
      ? tls.clientCa !== null
      : m === "OAUTHBEARER" || m === "XOAUTH2"
      ? auth.issuers.length > 0
      : true
  );

/** One message for each account; SCRAM with `-PLUS` is the one that used to be offered by itself. */
export const lockedOut = (
  c: Pick<Config, "auth" | "tls">,
  accounts: ReadonlyArray<Account>,
): ReadonlyArray<string> => {
  const offered = usable(c);
  return accounts.flatMap(({ id, minimum, disabled }) =>
    disabled || offered.some((m) => strongEnough(m, minimum))
      ? []
      : `offers nothing that ${id} may sign in with, whose minimum is ${minimum}` +
        (minimum === "scram-sha-256-plus"
          ? ": SCRAM-SHA-256-PLUS is off by default, and has to be listed"
          : "")
  );
};
