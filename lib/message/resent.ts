/**
 * The topmost block of Resent fields: each resender adds one on top. RFC 5322 §3.6.6
 *
 * The standard leaves open where a block ends. Here it is the run of Resent fields from the first one on, ended by
 * a repeated name or by any other field. Fields that never leave do not end it: the blocks that they separate would
 * join once they are removed.
 */
import type { AddressField } from "./address_list.ts";
import { insertAfter, prepend } from "./edit.ts";
import type { Field, Header } from "./header.ts";
import { neverSent } from "./never_sent.ts";

/** The Resent fields of one resending. RFC 5322 §3.6.6 */
export interface ResentBlock {
  /** In the order of the header; never empty. */
  readonly fields: readonly [Field, ...ReadonlyArray<Field>];
  /** Resent-From: R of docs/design/requirements.md §4. */
  readonly from: AddressField | null;
  readonly sender: AddressField | null;
}

/** The field of the block with that name; `key` in lower case. */
export const inBlock = (b: ResentBlock, key: string): Field | null =>
  b.fields.find((f) => f.key === key) ?? null;

/** Puts a field into the topmost block: right behind its first field. RFC 5322 §3.6.6 */
export const insertInBlock = (h: Header, added: Field): Header => {
  const head = h.fields.find((f) => f.key.startsWith("resent-"));
  return head === undefined ? prepend(h, added) : insertAfter(h, head, added);
};

export interface BlockReader {
  /** Sees the fields from the top down; true where the field belongs to the block. */
  readonly take: (f: Field) => boolean;
  /** The block, once all fields were seen and their addresses read. */
  readonly end: (lists: ReadonlyArray<AddressField>) => ResentBlock | null;
}

export const blockReader = (hostname: string): BlockReader => {
  const fields: Array<Field> = [];
  let over = false;
  return {
    take: (f) => {
      if (over) return false;
      const resent = f.key.startsWith("resent-");
      if (neverSent(f, hostname)) {
        if (resent) fields.push(f);
        return false;
      }
      if (resent && !fields.some((other) => other.key === f.key)) {
        fields.push(f);
        return true;
      }
      over = fields.length > 0;
      return false;
    },
    end: (lists) => {
      const [head, ...rest] = fields;
      if (head === undefined) return null;
      const holding = (key: string): AddressField | null =>
        lists.find((l) => l.field.key === key) ?? null;
      return {
        fields: [head, ...rest],
        from: holding("resent-from"),
        sender: holding("resent-sender"),
      };
    },
  };
};
