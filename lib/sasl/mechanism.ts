/**
 * A SASL mechanism as a pure step function. RFC 4422 §3, RFC 4954 §4
 *
 * `start` takes the initial response (null where none came); each step asks for one thing. A
 * mechanism never looks anything up: it returns what it wants checked.
 */
import type { Login } from "../envelope/login.ts";

export type SaslStep =
  /** Send `data` as 334 and give the answer to `next`. */
  | {
    readonly _tag: "Challenge";
    readonly data: Uint8Array;
    readonly next: (response: Uint8Array) => SaslStep;
  }
  /** The claim is complete; whoever runs the mechanism has it checked. */
  | { readonly _tag: "Check"; readonly login: Login }
  /** The response does not have the mechanism's form: 501 5.5.2. */
  | { readonly _tag: "Malformed" }
  /** The form is right and the claim can never hold (empty name, ...): 535 5.7.8. */
  | { readonly _tag: "Refused" };

export interface Mechanism {
  readonly name: string;
  readonly start: (initial: Uint8Array | null) => SaslStep;
}
