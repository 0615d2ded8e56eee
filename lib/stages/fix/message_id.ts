/** Message-ID, and Resent-Message-ID of the top block. RFC 5322 §3.6.4, §3.6.6, RFC 6409 §8.3 */
import { fullyQualified } from "../../address/domain.ts";
import { append, replace } from "../../message/edit.ts";
import type { Field } from "../../message/header.ts";
import { parseMessageId } from "../../message/message_id.ts";
import { characters } from "../../message/parse.ts";
import { inBlock, insertInBlock } from "../../message/resent.ts";
import { makeField } from "../../message/write.ts";
import { value } from "../facts.ts";
import { type Draft, type Mend, mend, note } from "./draft.ts";

/** Valid ones, also in obsolete form, are never changed: replies point at them. */
export const fixMessageId: Mend = (d) => {
  const { resent, messageIdField, messageId } = d.s.fields;
  if (resent === null) return messageId === null ? giveId(d, "Message-ID", messageIdField) : null;
  const field = inBlock(resent, "resent-message-id");
  if (field !== null) {
    return parseMessageId(characters(field)) === null ? giveId(d, field.name, field) : null;
  }
  if (d.s.fields.signed.has("resent-message-id")) return null;
  const id = newId(d);
  d.header = insertInBlock(d.header, makeField("Resent-Message-ID", id));
  return note(d, "changed", "HDR-20", { field: "Resent-Message-ID", after: id });
};

const giveId = (d: Draft, name: string, old: Field | null) =>
  mend(d, {
    rule: "HDR-7",
    field: old?.name ?? name,
    setting: d.rules.messageId,
    problem: old === null ? "is missing" : "is no valid identifier",
    mandatory: false,
    before: old === null ? {} : { before: value(old) },
  }, () => {
    const id = newId(d);
    const made = makeField(old?.name ?? name, id);
    d.header = old === null ? append(d.header, made) : replace(d.header, old, made);
    return { after: id };
  });

/** `<random@domain>`: the first author's domain where it is one of the account's own, else our name. */
const newId = (d: Draft): string => {
  const { account, fields, hostname } = d.s;
  const domain = fields.authors[0]?.domain;
  const own = domain?._tag === "Name" && fullyQualified(domain) &&
    [account.primary, ...account.aliases].some((a) =>
      a.domain._tag === "Name" && a.domain.ascii === domain.ascii
    );
  return `<${d.newId()}@${own ? domain.ascii : hostname}>`;
};
