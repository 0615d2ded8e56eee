/** What the stages need to know of a header's fields, found in one pass over it. RFC 5322 §3.6 */
import { type Completions, incomplete } from "../address/complete.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Address } from "./address.ts";
import { type AddressField, TOO_MANY } from "./address_list.ts";
import { hidesControls } from "./decoded_words.ts";
import { type DateReading, parseDate } from "./date.ts";
import {
  type Field,
  type Header,
  type HeaderFault,
  headerFault,
  type HeaderLimits,
  isFault,
  type Leniency,
  rawValue,
  STRICT,
  unfolded,
} from "./header.ts";
import { readAddressList } from "./mend_addresses.ts";
import { MIME_FIELDS, sameMime } from "./mime_fields.ts";
import { parseMessageId } from "./message_id.ts";
import { blockReader, type ResentBlock } from "./resent.ts";
import { signedNames } from "./signed_names.ts";
import { decodeUtf8 } from "./text.ts";

/** What the fields of a header that matter to a submission server say. RFC 5322 §3.6 */
export interface ParsedFields {
  /** Null where there is none, which is to be put right. */
  readonly fromField: Field | null;
  readonly from: ReadonlyArray<Address>;
  /** Groups flattened: F of docs/design/requirements.md §4. Empty where From holds empty groups only. */
  readonly authors: ReadonlyArray<Mailbox>;
  readonly senderField: Field | null;
  /** Null where there is no Sender, or it is a group without a member. */
  readonly sender: Mailbox | null;
  readonly dateField: Field | null;
  /** Null where Date is absent. */
  readonly date: DateReading | null;
  readonly messageIdField: Field | null;
  /** Null where Message-ID is absent or not valid. */
  readonly messageId: string | null;
  /** From, Sender, Reply-To, To, Cc and those of the top resent block, in the order of the header. */
  readonly lists: ReadonlyArray<AddressField>;
  /** The topmost block; null where nothing was resent. */
  readonly resent: ResentBlock | null;
  /** Fields in `h=` of the message's DKIM signatures, in lower case. */
  readonly signed: ReadonlySet<string>;
  /** Number of DKIM signatures. */
  readonly signatures: number;
  /** Copies of fields that may be there once. */
  readonly repeated: ReadonlyArray<Field>;
  /** Number of Received fields. */
  readonly received: number;
}

/** Value in characters, with its folding; parseHeader has seen to it that it is UTF-8. */
export const characters = (f: Field): string => decodeUtf8(rawValue(f)) ?? rawValue(f);

/** The addresses of a field, all with fully qualified domains. RFC 6409 §4.2, §5.1 */
const readAddresses = (
  field: Field,
  limits: HeaderLimits,
  domains: Completions,
): AddressField | HeaderFault => {
  const { list, mended } = readAddressList(characters(field), limits.addressesPerField, domains);
  if (typeof list === "string") {
    return headerFault(
      list === TOO_MANY ? "HDR-16" : field.key === "sender" ? "SND-01" : "MSA-5.1",
      field.name,
      list,
    );
  }
  for (const m of list.mailboxes) {
    if (incomplete(m.domain, domains)) {
      return headerFault(
        "MSA-4.2b",
        field.name,
        "an address has a domain that is not fully qualified",
      );
    }
  }
  return mended === null ? { field, list } : { field, list, mended };
};

/**
 * Reads a header's fields. Refuses, naming the field: From absent, without an address or unreadable;
 * a field twice that may be there once; a Sender that is not one mailbox; address fields that are not
 * in the grammar or have a domain that is not fully qualified. Bcc is not looked at, since it never
 * leaves. `hostname` is our own name, by which forged trace is known. RFC 5322 §3.6, RFC 6409 §4.2, §5.1
 */
export const parseFields = (
  header: Header,
  limits: HeaderLimits,
  hostname: string,
  lenient: Leniency = STRICT,
): ParsedFields | HeaderFault => {
  const once = new Map<string, Field>();
  const lists: Array<AddressField> = [];
  const signatures: Array<Field> = [];
  const repeated: Array<Field> = [];
  const block = blockReader(hostname);
  let received = 0;
  for (const field of header.fields) {
    const inBlock = block.take(field);
    if (hidesControls(field.raw)) {
      return headerFault("HDR-19", field.name, "an encoded word holds a control character");
    }
    switch (field.key) {
      case "received":
        received++;
        continue;
      case "dkim-signature":
        signatures.push(field);
        continue;
      case "from":
      case "sender":
      case "reply-to":
      case "date":
      case "message-id":
      case "in-reply-to":
      case "references":
      case "subject":
        if (once.has(field.key)) {
          const known = once.get(field.key);
          if (lenient.duplicates && MAY_REPEAT.has(field.key) && known !== undefined) {
            if (unfolded(known) !== unfolded(field)) {
              return headerFault("HDR-1", field.name, "is there twice and says different things");
            }
            repeated.push(field);
            continue;
          }
          return headerFault(
            field.key === "sender" ? "SND-01" : "HDR-1",
            field.name,
            "may be there only once",
          );
        }
        once.set(field.key, field);
        if (field.key !== "from" && field.key !== "sender" && field.key !== "reply-to") continue;
        break;
      case "to":
      case "cc":
        break;
      case "resent-from":
      case "resent-sender":
      case "resent-to":
      case "resent-cc":
      case "resent-reply-to":
        if (!inBlock) continue;
        break;
      default:
        if (MIME_FIELDS.has(field.key)) {
          const known = once.get(field.key);
          if (known === undefined) once.set(field.key, field);
          else if (sameMime(known, field)) repeated.push(field);
          else return headerFault("HDR-1", field.name, "is there twice and says different things");
        }
        continue;
    }
    const read = readAddresses(field, limits, lenient.domains);
    if (isFault(read)) return read;
    lists.push(read);
  }
  const made = assemble(once, lists, block.end(lists), signedNames(signatures), received, lenient);
  return isFault(made) ? made : { ...made, repeated, signatures: signatures.length };
};

/** Of these the second copy may go; who sends a message twice named is another matter. */
const MAY_REPEAT: ReadonlySet<string> = new Set([
  "subject",
  "date",
  "message-id",
  "in-reply-to",
  "references",
]);

/** RFC 5322 §3.6.2, RFC 6854 §2.1: exactly one address, of at most one mailbox. */
const senderFault = (a: AddressField | null): HeaderFault | null =>
  a !== null && (a.list.addresses.length !== 1 || a.list.mailboxes.length > 1)
    ? headerFault("SND-01", a.field.name, "must hold exactly one address")
    : null;

const assemble = (
  once: ReadonlyMap<string, Field>,
  lists: ReadonlyArray<AddressField>,
  resent: ResentBlock | null,
  signed: ReadonlySet<string>,
  received: number,
  lenient: Leniency,
): Omit<ParsedFields, "repeated" | "signatures"> | HeaderFault => {
  const holding = (key: string): AddressField | null => {
    const field = once.get(key);
    return lists.find((l) => l.field === field) ?? null;
  };
  const from = holding("from");
  if (from === null && !lenient.absentFrom) return headerFault("HDR-3", "From", "is missing");
  if (from !== null && from.list.addresses.length === 0) {
    return headerFault("HDR-3", from.field.name, "holds no address");
  }
  const sender = once.has("sender") ? holding("sender") : null;
  const fault = senderFault(sender) ?? senderFault(resent?.sender ?? null);
  if (fault !== null) return fault;
  const dateField = once.get("date") ?? null;
  const messageIdField = once.get("message-id") ?? null;
  return {
    fromField: from?.field ?? null,
    from: from?.list.addresses ?? [],
    authors: from?.list.mailboxes ?? [],
    senderField: sender?.field ?? null,
    sender: sender?.list.mailboxes[0] ?? null,
    dateField,
    date: dateField === null ? null : parseDate(rawValue(dateField)),
    messageIdField,
    messageId: messageIdField === null ? null : parseMessageId(characters(messageIdField)),
    lists,
    resent,
    signed,
    received,
  };
};
