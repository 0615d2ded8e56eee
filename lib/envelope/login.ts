/** What a client claims when it signs in. */
import type { Redacted } from "effect";

/** `authzid` is empty where none was given. RFC 4616 §2 */
export interface Login {
  readonly mechanism: string;
  readonly authzid: string;
  readonly authcid: string;
  readonly password: Redacted.Redacted<string>;
}
