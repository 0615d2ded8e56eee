/**
 * The purported responsible address: the last sender according to the header. Recorded beside the decision on
 * Sender, for comparison only. RFC 4407 §2
 */
import type { Mailbox } from "../address/mailbox.ts";
import { parseAddressList } from "./address_list.ts";
import { type Field, type Header, unfolded } from "./header.ts";
import { characters } from "./parse.ts";

/** The address, or null where the header names none. */
export const purportedResponsible = (h: Header): Mailbox | null => {
  const field = responsibleField(h);
  if (field === null) return null;
  const list = parseAddressList(characters(field), 2);
  if (typeof list === "string" || list.addresses.length !== 1) return null;
  return list.mailboxes.length === 1 ? list.mailboxes[0] ?? null : null;
};

/** Steps 1 to 4; fields of blanks only count as absent. */
const responsibleField = (h: Header): Field | null => {
  let resentFrom: Field | null = null;
  let traceSince = false; // a trace field below the first Resent-From
  let resentSender: Field | null = null;
  const sender: Array<Field> = [];
  const from: Array<Field> = [];
  for (const f of h.fields) {
    switch (f.key) {
      case "received":
      case "return-path":
        if (resentFrom !== null && resentSender === null) traceSince = true;
        break;
      case "resent-from":
        if (resentFrom === null && unfolded(f) !== "") resentFrom = f;
        break;
      case "resent-sender":
        if (resentSender === null && unfolded(f) !== "") resentSender = f;
        break;
      case "sender":
        if (unfolded(f) !== "") sender.push(f);
        break;
      case "from":
        if (unfolded(f) !== "") from.push(f);
    }
  }
  if (resentSender !== null && !traceSince) return resentSender;
  if (resentFrom !== null) return resentFrom;
  if (sender.length > 1) return null;
  return sender[0] ?? (from.length === 1 ? from[0] ?? null : null);
};
