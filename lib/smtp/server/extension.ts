/**
 * One service extension: what EHLO says of it and what its parameters mean. RFC 5321 §2.2
 *
 * Each extension is a file of `extensions/`; the machine knows only this shape.
 */
import type { Reply } from "../../reply/reply.ts";
import type { Rules } from "./rules.ts";
import type { Mail, Peer } from "./state.ts";

export interface Extension {
  /** The EHLO line, or null where it is not offered in this state of the session. */
  readonly keyword: (rules: Rules, peer: Peer) => string | null;
  /** Parameters of MAIL by name: the transaction with the value in it, or a refusal. */
  readonly mailParameters?: Readonly<
    Record<string, (value: string | null, mail: Mail, rules: Rules) => Mail | Reply>
  >;
}

/** Tells a refusal from a transaction. */
export const isReply = (x: Mail | Reply): x is Reply => "code" in x;
