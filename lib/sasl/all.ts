/** The mechanisms by name, the strongest first, as EHLO lists them. RFC 4954 §3 */
import { type BearerHints, oauthBearer, xoauth2 } from "./bearer.ts";
import { external } from "./external.ts";
import { login } from "./login.ts";
import type { Mechanism } from "./mechanism.ts";
import { plain } from "./plain.ts";
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from "./scram.ts";

/** There is no ANONYMOUS, and nothing that needs the password in clear at this end. */
export const MECHANISMS = [
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-1",
  "PLAIN",
  "LOGIN",
  "OAUTHBEARER",
  "XOAUTH2",
  "EXTERNAL",
] as const;

/** The registered name of a SASL mechanism that the server knows. RFC 4422 §3.1 */
export type MechanismName = typeof MECHANISMS[number];

/**
 * Offered unless the site says otherwise: without `-PLUS`, since clients that can bind by `tls-exporter` alone, as
 * those on GNU SASL do, choose it and then give up. AUTH-20
 */
export const USUAL_MECHANISMS: ReadonlyArray<MechanismName> = MECHANISMS.filter((m) =>
  !m.endsWith("-PLUS")
);

/** Those of `names`, in that order. `hints` null: nobody issues tokens, so none is asked for. */
export const mechanismsOf = (
  names: ReadonlyArray<MechanismName>,
  hints: BearerHints | null,
): ReadonlyArray<Mechanism> =>
  names.flatMap((name) => {
    switch (name) {
      case "SCRAM-SHA-256-PLUS":
        return scramSha256Plus;
      case "SCRAM-SHA-256":
        return scramSha256;
      case "SCRAM-SHA-1-PLUS":
        return scramSha1Plus;
      case "SCRAM-SHA-1":
        return scramSha1;
      case "PLAIN":
        return plain;
      case "LOGIN":
        return login;
      case "OAUTHBEARER":
        return hints === null ? [] : oauthBearer(hints);
      case "XOAUTH2":
        return hints === null ? [] : xoauth2(hints);
      case "EXTERNAL":
        return external;
    }
  });
