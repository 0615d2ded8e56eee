/** The claim of a client that signs in, and its proof. */
import type { Redacted } from "effect";

/** A name with its password. `authzid` is empty where none was given. RFC 4616 §2 */
export interface Login {
  readonly mechanism: string;
  readonly authzid: string;
  readonly authcid: string;
  readonly password: Redacted.Redacted<string>;
}

/** A name that the mechanism itself has proven, or has found to be wrong. RFC 5802 §3 */
export interface Proof {
  readonly mechanism: string;
  readonly authzid: string;
  readonly authcid: string;
  /** The proof fits the keys that were handed out. */
  readonly valid: boolean;
  /** Of the account that the keys belong to; null where they belong to none. */
  readonly revision: number | null;
}

/** A bearer token. RFC 7628 §3.1 */
export interface BearerToken {
  readonly mechanism: string;
  readonly authzid: string;
  readonly token: Redacted.Redacted<string>;
}

/** The account of the client's certificate. RFC 4422 App. A */
export interface CertificateClaim {
  readonly mechanism: string;
  readonly authzid: string;
  readonly account: string;
}

/** A claim that can never hold, whatever the accounts say: no name, or octets that are no text. */
export interface VoidClaim {
  readonly mechanism: string;
  /** As far as it can be read; empty where there is none. */
  readonly name: string;
}

/** What a client claims about itself at the end of a SASL exchange, to be checked. */
export type Claim =
  | { readonly _tag: "Password"; readonly login: Login }
  | { readonly _tag: "Proof"; readonly proof: Proof }
  | { readonly _tag: "Token"; readonly bearer: BearerToken }
  | { readonly _tag: "Certificate"; readonly certificate: CertificateClaim }
  | { readonly _tag: "Void"; readonly claim: VoidClaim };

/** The hash that a SCRAM mechanism goes by. RFC 5802, RFC 7677 */
export type ScramHash = "SHA-1" | "SHA-256";

/** What SCRAM keeps of a password. RFC 5802 §3 */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  /** Of the account; null where nobody has the name, so that no proof can hold. */
  readonly revision: number | null;
  /** The server's part of the nonce: printable, no comma, fresh for every exchange. RFC 5802 §5.1 */
  readonly nonce: string;
}
