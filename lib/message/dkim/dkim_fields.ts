/** Which fields a signature covers, and in what order verifiers take them. RFC 6376 §5.4 */
import { relaxedField } from "./dkim_relaxed.ts";
import type { Field, Header } from "../header.ts";

/** Covered once more than they are there, so that none can be added. RFC 6376 §5.4.2, §8.15 */
const OVERSIGNED: ReadonlyArray<string> = [
  "from",
  "reply-to",
  "subject",
  "date",
  "to",
  "cc",
  "sender",
  "message-id",
  "content-type",
  "mime-version",
  "in-reply-to",
  "references",
];
const ALWAYS: ReadonlySet<string> = new Set(OVERSIGNED);

/** Covered where they are there. Lists may add more of their own later. */
const covered = (key: string): boolean =>
  key.startsWith("content-") || key.startsWith("list-") ||
  (key.startsWith("resent-") && key !== "resent-bcc");

export interface Covered {
  /** `h=`: in lower case, names repeated. */
  readonly names: ReadonlyArray<string>;
  /** The fields in canonical form, as they are hashed. */
  readonly canonical: string;
}

/** What a signature over `h` covers. Instances of a name are taken from the bottom up. RFC 6376 §5.4.2 */
export const coveredFields = (h: Header): Covered => {
  const found = new Map<string, Array<Field>>();
  for (const f of h.fields) {
    if (!ALWAYS.has(f.key) && !covered(f.key)) continue;
    const same = found.get(f.key);
    if (same === undefined) found.set(f.key, [f]);
    else same.push(f);
  }
  const names: Array<string> = [];
  let canonical = "";
  const take = (key: string): void => {
    const fields = found.get(key) ?? [];
    for (let i = fields.length - 1; i >= 0; i--) {
      names.push(key);
      canonical += relaxedField(fields[i]!);
    }
  };
  for (const key of OVERSIGNED) {
    take(key);
    names.push(key);
  }
  for (const key of found.keys()) if (!ALWAYS.has(key)) take(key);
  return { names, canonical };
};
