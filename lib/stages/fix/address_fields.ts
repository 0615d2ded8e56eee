/** To, Cc and their like: merges several fields, removes empty ones, rewrites obsolete syntax. RFC 5322 §3.6.3, §4.4 */
import { printAddress } from "../../message/address.ts";
import { removeWhere, replace } from "../../message/edit.ts";
import { MAX_LINE } from "../../message/header.ts";
import type { AddressField } from "../../message/address_list.ts";
import { encodeUtf8 } from "../../message/text.ts";
import { makeField, makeFolded } from "../../message/write.ts";
import { value } from "../facts.ts";
import { type Mend, mend, note } from "./draft.ts";

/** Fields of which a header has one at most, and that it is harmless to merge. */
const MERGED = ["to", "cc"] as const;

/** Several To, or several Cc: the first takes the addresses of the others, in order. RFC 5322 §3.6, §4.5.3 */
export const mergeLists: Mend = (d) => {
  if (d.s.fields.resent !== null) return null;
  for (const key of MERGED) {
    const same = d.s.fields.lists.filter((l) => l.field.key === key);
    const head = same[0];
    if (head === undefined || same.length === 1) continue;
    const reply = mend(d, {
      rule: "HDR-2",
      field: head.field.name,
      setting: d.rules.severalLists,
      problem: "is there more than once",
      mandatory: true,
      before: { fields: same.length },
    }, () => {
      const others = new Set(same.slice(1).map((l) => l.field));
      d.header = removeWhere(d.header, (f) => others.has(f));
      // of several that are all empty one is left, for fillEmptyLists
      if (same.every((l) => l.list.addresses.length === 0)) return { after: "" };
      const merged = rewritten(head.field.name, same);
      d.header = replace(d.header, head.field, merged);
      return { after: value(merged) };
    });
    if (reply !== null) return reply;
  }
  return null;
};

/** A To of nobody becomes a group of nobody; Cc and Reply-To of nobody go. RFC 5322 §3.6.2, §3.6.3 */
export const fillEmptyLists: Mend = (d) => {
  if (d.s.fields.resent !== null) return null;
  for (const { field, list } of d.s.fields.lists) {
    // a merged field is gone already, or is no longer the one that was read
    if (list.addresses.length > 0 || !d.header.fields.includes(field)) continue;
    if (field.key !== "to" && field.key !== "cc" && field.key !== "reply-to") continue;
    const reply = mend(d, {
      rule: "HDR-10",
      field: field.name,
      setting: d.rules.emptyLists,
      problem: "holds no address",
      mandatory: true,
      before: {},
    }, () => {
      if (field.key !== "to") {
        d.header = removeWhere(d.header, (f) => f === field);
        return { after: null };
      }
      const nobody = "undisclosed-recipients:;";
      d.header = replace(d.header, field, makeField(field.name, nobody));
      return { after: nobody };
    });
    if (reply !== null) return reply;
  }
  return null;
};

/**
 * Writes what was read in spite of its syntax so that every program reads the same. Refused (554 5.6.0) where the
 * site repairs no syntax, or the field belongs to a message that is passed on. RFC 5322 §3.4, §3.6.6
 */
export const mendAddressSyntax: Mend = (d) => {
  for (const read of d.s.fields.lists) {
    const { field, mended } = read;
    if (mended === undefined || !d.header.fields.includes(field)) continue;
    const theirs = d.s.fields.resent !== null && !field.key.startsWith("resent-");
    const reply = mend(d, {
      rule: "MSA-5.1",
      field: field.name,
      setting: theirs || d.rules.obsoleteAddresses !== "fix" ? "reject" : "fix",
      problem: mended,
      mandatory: true,
      before: { before: value(field) },
    }, () => {
      const made = rewritten(field.name, [read]);
      d.header = replace(d.header, field, made);
      return { after: value(made) };
    });
    if (reply !== null) return reply;
  }
  return null;
};

/**
 * Writes what is in obsolete syntax anew from what was read of it. Of a message that is passed on only the
 * block is touched. RFC 5322 §3.6.6, §4
 */
export const modernizeAddresses: Mend = (d) => {
  for (const read of d.s.fields.lists) {
    const { field, list } = read;
    if (
      read.mended !== undefined || !(list.obsolete || list.completed) ||
      list.addresses.length === 0 ||
      !d.header.fields.includes(field)
    ) continue;
    if (d.s.fields.resent !== null && !field.key.startsWith("resent-")) {
      note(d, "pass", "HDR-22", { field: field.name, left: "belongs to a message passed on" });
      continue;
    }
    const reply = mend(d, {
      rule: list.completed ? "MSA-4.2c" : "HDR-12",
      field: field.name,
      setting: list.completed ? "fix" : d.rules.obsoleteAddresses,
      problem: list.completed ? "has a domain that is not complete" : "is in obsolete syntax",
      mandatory: true,
      before: { before: value(field) },
    }, () => {
      const made = rewritten(field.name, [read]);
      d.header = replace(d.header, field, made);
      return { after: value(made) };
    });
    if (reply !== null) return reply;
  }
  return null;
};

/** The addresses of `fields` as one field. A display name without blanks can make a line too long; `fixLayout` sees to it. */
const rewritten = (name: string, fields: ReadonlyArray<AddressField>) => {
  const pieces = fields.flatMap((f) => f.list.addresses).map((a) => encodeUtf8(printAddress(a)));
  const made = makeFolded(name, pieces.map((p, i) => i < pieces.length - 1 ? `${p},` : p));
  const long = made.raw.split("\r\n").some((line) => line.length > MAX_LINE);
  return long ? { ...made, misfit: true } : made;
};
