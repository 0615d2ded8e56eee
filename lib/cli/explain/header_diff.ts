/** The difference between two headers: fields removed, added and changed between what came and what leaves. Pure. */
import { type Field, type Header, rawValue } from "../../message/header.ts";
import { decodeUtf8 } from "../../message/text.ts";
import { safe, styled, type ViewOptions } from "../explain_view.ts";

export type HeaderChange =
  | { readonly kind: "added"; readonly after: Field }
  | { readonly kind: "removed"; readonly before: Field }
  | { readonly kind: "changed"; readonly before: Field; readonly after: Field };

/**
 * Changes in the order of the header that leaves; what was removed stands where it was. A field that came and
 * one of the same name that leaves in its stead are one change.
 */
export const diffHeaders = (before: Header, after: Header): ReadonlyArray<HeaderChange> => {
  const origin = matches(before.fields, after.fields);
  const kept = new Set(origin.filter((i) => i >= 0));
  const out: Array<HeaderChange> = [];
  let seen = 0; // received fields told of so far
  const removedUpTo = (end: number): void => {
    for (; seen < end; seen++) {
      const field = before.fields[seen];
      if (field !== undefined && !kept.has(seen)) out.push({ kind: "removed", before: field });
    }
  };
  after.fields.forEach((field, at) => {
    const from = origin[at] ?? -1;
    const old = before.fields[from];
    if (old === undefined) out.push({ kind: "added", after: field });
    else {
      removedUpTo(from);
      if (old.raw !== field.raw) out.push({ kind: "changed", before: old, after: field });
    }
  });
  removedUpTo(before.fields.length);
  return out;
};

/** For each field that leaves the place of the one it comes from, or -1: the same octets first, then the same name. */
const matches = (
  before: ReadonlyArray<Field>,
  after: ReadonlyArray<Field>,
): ReadonlyArray<number> => {
  const free = before.map(() => true);
  const take = (fits: (old: Field) => boolean): number => {
    const i = before.findIndex((old, at) => free[at] === true && fits(old));
    if (i >= 0) free[i] = false;
    return i;
  };
  const same = after.map((field) => take((old) => old.raw === field.raw));
  return after.map((field, at) => {
    const exact = same[at] ?? -1;
    // trace is only ever added: an old Received does not become ours
    return exact >= 0 || field.key === "received" ? exact : take((old) => old.key === field.key);
  });
};

/** As a diff: `-` what came, `+` what leaves; folded lines stay apart. */
export const renderDiff = (
  changes: ReadonlyArray<HeaderChange>,
  o: ViewOptions,
): ReadonlyArray<string> =>
  changes.flatMap((c) => [
    ...(c.kind === "added" ? [] : lines("-", c.before).map((l) => styled(o, "red", l))),
    ...(c.kind === "removed" ? [] : lines("+", c.after).map((l) => styled(o, "green", l))),
  ]);

const lines = (sign: string, f: Field): ReadonlyArray<string> => {
  const value = rawValue(f);
  return `${f.raw.slice(0, f.valueAt)}${decodeUtf8(value) ?? value}`.split("\r\n").map((line) =>
    `${sign} ${safe(line.replaceAll("\t", " "))}`
  );
};
