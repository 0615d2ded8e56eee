/** Date, and Resent-Date of the top block. RFC 5322 §3.6.1, §3.6.6, §4.3, RFC 6409 §8.2 */
import { type DateReading, parseDate } from "../../message/date.ts";
import { append, replace } from "../../message/edit.ts";
import { type Field, rawValue } from "../../message/header.ts";
import { inBlock, insertInBlock } from "../../message/resent.ts";
import { makeField } from "../../message/write.ts";
import { value } from "../facts.ts";
import { type Draft, type Mend, mend, note } from "./draft.ts";

/** A message that is passed on keeps its Date; only the block's is looked at. RFC 5322 §3.6.6 */
export const fixDate: Mend = (d) => {
  const { resent, dateField, date } = d.s.fields;
  if (resent === null) {
    return dateField === null || date === null ? addDate(d) : mendDate(d, dateField, date);
  }
  const field = inBlock(resent, "resent-date");
  if (field !== null) return mendDate(d, field, parseDate(rawValue(field)));
  if (d.s.fields.signed.has("resent-date")) {
    return note(d, "pass", "HDR-20", { field: "Resent-Date", left: "a DKIM signature covers it" });
  }
  d.header = insertInBlock(d.header, makeField("Resent-Date", d.now));
  return note(d, "changed", "HDR-20", { field: "Resent-Date", after: d.now });
};

const addDate = (d: Draft) =>
  mend(d, {
    rule: "HDR-4",
    field: "Date",
    setting: d.rules.date,
    problem: "is missing",
    mandatory: true,
    before: {},
  }, () => {
    d.header = append(d.header, makeField("Date", d.now));
    return { after: d.now };
  });

const mendDate = (d: Draft, field: Field, reading: DateReading) => {
  if (reading._tag === "Valid") return null;
  const text = reading._tag === "Invalid" ? d.now : reading.text;
  return mend(d, {
    rule: reading._tag === "Obsolete" ? "HDR-5" : "HDR-4",
    field: field.name,
    setting: d.rules.date,
    problem: PROBLEM[reading._tag],
    mandatory: reading._tag !== "WrongWeekday",
    before: { before: value(field) },
  }, () => {
    d.header = replace(d.header, field, makeField(field.name, text));
    return { after: text };
  });
};

const PROBLEM = {
  Invalid: "is no valid date",
  Obsolete: "is in obsolete form",
  WrongWeekday: "has the wrong day of the week",
} as const;
