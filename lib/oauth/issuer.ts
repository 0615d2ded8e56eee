/** An issuer of bearer tokens, as the configuration describes it. */
import type { Redacted } from "effect";

/** Signatures with public keys only: who can check one must not be able to make one. RFC 8725 §3.1 */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** A signature algorithm that tokens may have. RFC 8725 §3.1 */
export type Algorithm = typeof ALGORITHMS[number];

/** How the tokens of an issuer are checked: by its keys, or by asking it. RFC 7519, RFC 7662 */
export type TokenSource =
  /** A JWK Set in a file, read again when it changes. RFC 7517 §5 */
  | { readonly _tag: "KeyFile"; readonly path: string }
  | { readonly _tag: "KeyUrl"; readonly url: string }
  /** The issuer is asked about every token. RFC 7662 §2 */
  | {
    readonly _tag: "Introspection";
    readonly url: string;
    readonly clientId: string;
    readonly secret: Redacted.Redacted<string>;
  };

/** One issuer of OAuth 2.0 tokens that clients may sign in with. RFC 7628 */
export interface Issuer {
  /** The `iss` of its tokens, compared octet by octet. */
  readonly issuer: string;
  /** One of these has to be in `aud`; empty, for introspection only: not looked at. */
  readonly audience: ReadonlyArray<string>;
  readonly source: TokenSource;
  readonly algorithms: ReadonlyArray<Algorithm>;
  /** The claim that holds the login name. */
  readonly userClaim: string;
  /** Scopes that a token must have, separated by blanks; empty: any. */
  readonly scope: string;
  /** Told to clients whose token does not do; empty: not told. RFC 7628 §3.2.2 */
  readonly openidConfiguration: string;
}
