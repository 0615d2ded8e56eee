/** What the stages need to know of a header's fields. Filled by `parseFields`. */
import type { Mailbox } from "../address/mailbox.ts";

/** A mailbox with its display name, as a header field holds it. RFC 5322 §3.4 */
export interface NamedMailbox {
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

export interface ParsedFields {
  readonly from: ReadonlyArray<Address>;
  /** Groups flattened: F of the ledger's section 4. */
  readonly authors: ReadonlyArray<Mailbox>;
  readonly sender: Mailbox | null;
  /** Milliseconds since the epoch; null where Date is absent or not valid. */
  readonly date: number | null;
  readonly messageId: string | null;
}
