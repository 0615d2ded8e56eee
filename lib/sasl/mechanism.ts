/**
 * A SASL mechanism as a pure step function. RFC 4422 §3, RFC 4954 §4
 *
 * `start` takes the initial response (null where none came); each step asks for one thing. A
 * mechanism never looks anything up: it returns what it wants checked.
 */
import type { Claim, ScramHash, ScramKeys, VoidClaim } from "../envelope/login.ts";

/** What a mechanism answers to one message of the client: a challenge, a claim, or a refusal. RFC 4422 §3 */
export type SaslStep =
  /** Send `data` as 334 and give the answer to `next`. */
  | {
    readonly _tag: "Challenge";
    readonly data: Uint8Array;
    readonly next: (response: Uint8Array) => SaslStep;
  }
  /** Fetch the keys of this name, real or pretended, and give them to `next`. */
  | {
    readonly _tag: "Keys";
    readonly hash: ScramHash;
    readonly authcid: string;
    readonly next: (keys: ScramKeys) => SaslStep;
  }
  /**
   * The claim is complete; the caller has it checked. `success` and `failure` are last words of the mechanism: a
   * challenge whose response ends the exchange. RFC 4954 §4, RFC 7628 §3.2.3
   */
  | {
    readonly _tag: "Check";
    readonly claim: Claim;
    readonly success?: Uint8Array;
    readonly failure?: Uint8Array;
  }
  /** The response does not have the mechanism's form: 501 5.5.2. */
  | { readonly _tag: "Malformed" }
  /**
   * The claim can never hold (no name, a password that is not UTF-8, ...): 535 5.7.8, counted and told as any login
   * that fails.
   */
  | { readonly _tag: "Refused"; readonly claim: VoidClaim; readonly failure?: Uint8Array };

/** What a mechanism may know of the connection under it. */
export interface Channel {
  /** The data of `tls-server-end-point`; null where there is none. RFC 5929 §4 */
  readonly endPoint: Uint8Array | null;
  /** Account that the client's certificate stands for. */
  readonly certificate: string | null;
  /** Names and addresses by which the client may have found us, lower case. */
  readonly hosts: ReadonlyArray<string>;
  /** The port it came in at; null where that is not known. */
  readonly port: number | null;
}

export const NO_CHANNEL: Channel = { endPoint: null, certificate: null, hosts: [], port: null };

/** The connection as it stands when an exchange begins. */
export interface Exchange extends Channel {
  /** A mechanism with channel binding was advertised. RFC 5802 §6 */
  readonly plus: boolean;
}

/** A SASL mechanism on the server's side, as a pure step function. RFC 4422, RFC 4954 */
export interface Mechanism {
  readonly name: string;
  /** Whether it can be used on this connection; absent: on any. */
  readonly offered?: (channel: Channel) => boolean;
  readonly start: (initial: Uint8Array | null, exchange: Exchange) => SaslStep;
}
