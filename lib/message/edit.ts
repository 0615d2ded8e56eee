/** Looking fields up in a header and changing it; every change yields a new header. */
import type { Field, Header } from "./header.ts";

/** Topmost field of that name; `key` in lower case. */
export const first = (h: Header, key: string): Field | null => {
  for (const f of h.fields) if (f.key === key) return f;
  return null;
};

/** Fields of that name, from the top. */
export const all = (h: Header, key: string): ReadonlyArray<Field> =>
  h.fields.filter((f) => f.key === key);

/** Without the fields that `drop` names. */
export const removeWhere = (h: Header, drop: (f: Field) => boolean): Header => ({
  fields: h.fields.filter((f) => !drop(f)),
});

/** On top, in the order given. */
export const prepend = (h: Header, ...fields: ReadonlyArray<Field>): Header => ({
  fields: [...fields, ...h.fields],
});

/** At the end, in the order given. */
export const append = (h: Header, ...fields: ReadonlyArray<Field>): Header => ({
  fields: [...h.fields, ...fields],
});

/** `by` in the place of `old`, which is found by identity. */
export const replace = (h: Header, old: Field, by: Field): Header => ({
  fields: h.fields.map((f) => f === old ? by : f),
});

/** Right behind `after`, which is found by identity; at the end where it is not there. */
export const insertAfter = (h: Header, after: Field, ...added: ReadonlyArray<Field>): Header => {
  const at = h.fields.indexOf(after);
  const cut = at < 0 ? h.fields.length : at + 1;
  return { fields: [...h.fields.slice(0, cut), ...added, ...h.fields.slice(cut)] };
};
