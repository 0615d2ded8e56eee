/** Removes fields that never leave: hidden recipients, and trace fields that only others may write. */
import { removeWhere } from "../../message/edit.ts";
import type { Field } from "../../message/header.ts";
import { isBcc, isForgedResult, isReturnPath } from "../../message/never_sent.ts";
import { signedField } from "../../reply/catalog.ts";
import { type Draft, type Mend, note, type Stop } from "./draft.ts";

/** Bcc and Resent-Bcc, readable or not; nobody is added to the envelope for them. RFC 5322 §3.6.3 */
export const removeBcc: Mend = (d) => remove(d, "HDR-11", isBcc);

/** Return-Path is written at final delivery. RFC 5321 §4.4 */
export const removeReturnPath: Mend = (d) => remove(d, "TRC-9", isReturnPath);

/** A verdict in our own name that we did not write. RFC 8601 §5 */
export const removeForgedResults: Mend = (d) =>
  remove(d, "TRC-9", (f) => isForgedResult(f, d.s.hostname));

/** None of it may leave: where a signature covers such a field, the message is refused. RFC 6409 §8 */
const remove = (d: Draft, rule: string, drop: (f: Field) => boolean): Stop | null => {
  const gone = d.header.fields.filter(drop);
  const [head] = gone;
  if (head === undefined) return null;
  const signed = gone.find((f) => d.s.fields.signed.has(f.key));
  if (signed !== undefined) {
    const { name } = signed;
    return { rule: "MSA-8.0", reply: signedField(name), facts: { field: name } };
  }
  d.header = removeWhere(d.header, drop);
  // what Bcc held is not repeated: the trail is kept
  return note(d, "changed", rule, { field: head.name, removed: gone.length });
};
