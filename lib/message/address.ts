/** Addresses as header fields hold them, and how they are written. RFC 5322 §3.4, RFC 6854 */
import { type Mailbox, printMailbox } from "../address/mailbox.ts";

/** A mailbox with its display name, as a header field holds it. RFC 5322 §3.4 */
export interface NamedMailbox {
  /** In current syntax, as it is written: with its quotes and encoded words, one blank for many. */
  readonly displayName: string | null;
  readonly mailbox: Mailbox;
}

/** A group or a mailbox. RFC 5322 §3.4, RFC 6854 */
export type Address =
  | ({ readonly _tag: "Mailbox" } & NamedMailbox)
  | {
    readonly _tag: "Group";
    readonly name: string;
    readonly members: ReadonlyArray<NamedMailbox>;
  };

/** An address in current syntax, in characters. RFC 5322 §3.4 */
export const printAddress = (a: Address): string =>
  a._tag === "Mailbox"
    ? printNamed(a)
    : `${a.name}:${a.members.length === 0 ? "" : ` ${a.members.map(printNamed).join(", ")}`};`;

const printNamed = (m: NamedMailbox): string =>
  m.displayName === null
    ? printMailbox(m.mailbox)
    : `${m.displayName} <${printMailbox(m.mailbox)}>`;
