/** Applies what filters want done to a header, as far as they may. Pure. */
import type { Field, Header } from "../message/header.ts";
import { makeField, relayout } from "../message/write.ts";
import type { HeaderEdit } from "../ports/filters.ts";
import type { Attributed } from "./submission.ts";

export interface EditNote {
  readonly field: string;
  /** What it says then. */
  readonly after: string;
  /** Why it was not done; null: it was. */
  readonly left: string | null;
}

/** Judged before, and not to be changed behind that. */
const IDENTITY = /^(?:from|sender|reply-to|return-path|resent-.*|bcc|received)$/;
/** One of each: a second one would make two messages of one. RFC 5322 §3.6 */
const SINGLE = /^(?:date|to|cc|subject|message-id|in-reply-to|references|mime-version|content-.*)$/;

/** The topmost field is our own Received: filters have not seen it, and count without it. */
export const editHeader = (
  s: Attributed,
  edits: ReadonlyArray<HeaderEdit>,
): { readonly header: Header; readonly notes: ReadonlyArray<EditNote> } => {
  const [own, ...seen] = s.header.fields;
  if (own === undefined || edits.length === 0) return { header: s.header, notes: [] };
  const fields = [...seen];
  const notes: Array<EditNote> = [];
  for (const e of edits) {
    const left = whyNot(s, fields, e);
    const made = e._tag === "Drop" || e.value === null ? null : fieldOf(e.name, e.value);
    notes.push({
      field: e.name,
      after: made ? made.raw.slice(made.valueAt).trim() : "taken out",
      left: left ?? (made === undefined ? "a line that cannot be folded" : null),
    });
    if (left === null && made !== undefined) edit(fields, e, made);
  }
  return { header: { fields: [own, ...fields] }, notes };
};

const whyNot = (s: Attributed, fields: ReadonlyArray<Field>, e: HeaderEdit): string | null => {
  const key = e.name.toLowerCase();
  if (IDENTITY.test(key)) return "who a message is from is not for a filter to say";
  if (s.fields.signed.has(key)) return "a DKIM signature covers it";
  const adds = e._tag === "Add" || e._tag === "Insert";
  if (adds && SINGLE.test(key) && fields.some((f) => f.key === key)) return "it is there already";
  if (e._tag !== "Drop" && e.value !== null && bad(e.value)) return "characters not allowed";
  if (
    !s.envelope.smtpUtf8 && e._tag !== "Drop" && e.value !== null && e.value.search(EIGHT_BIT) >= 0
  ) {
    return "8-bit characters need SMTPUTF8";
  }
  return null;
};

/** After folding is taken out, no control character may be left but the tab. */
const bad = (value: string): boolean =>
  /(?!\t)\p{Cc}/u.test(value.replace(/\r\n(?=[ \t])/g, "").replace(EIGHT_BIT, "x"));
const EIGHT_BIT = /[\x80-\xff]/g;

/** Undefined: it cannot be written. */
const fieldOf = (name: string, value: string): Field | undefined =>
  relayout(makeField(name, value)) ?? undefined;

const edit = (fields: Array<Field>, e: HeaderEdit, made: Field | null): void => {
  const key = e.name.toLowerCase();
  if (e._tag === "Drop") {
    for (let i = fields.length - 1; i >= 0; i--) if (fields[i]?.key === key) fields.splice(i, 1);
  } else if (e._tag === "Change") {
    let nth = Math.max(1, e.nth);
    const at = fields.findIndex((f) => f.key === key && --nth === 0);
    if (at >= 0) fields.splice(at, 1, ...(made === null ? [] : [made]));
    else if (made !== null) fields.push(made);
  } else if (made !== null) {
    fields.splice(e._tag === "Add" ? fields.length : Math.min(e.at, fields.length), 0, made);
  }
};
