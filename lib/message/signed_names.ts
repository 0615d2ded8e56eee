/** Which header fields the DKIM signatures of a message cover. RFC 6376 §3.5 */
import { type Field, unfolded } from "./header.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * Names in the `h=` tags of `signatures`, in lower case. Signatures are not verified: a field that one of them
 * names is left alone, no matter who signed.
 */
export const signedNames = (signatures: ReadonlyArray<Field>): ReadonlySet<string> => {
  if (signatures.length === 0) return NONE;
  const names = new Set<string>();
  for (const f of signatures) {
    for (const tag of unfolded(f).split(";")) {
      const eq = tag.indexOf("=");
      if (eq < 0 || tag.slice(0, eq).trim() !== "h") continue;
      for (const name of tag.slice(eq + 1).split(":")) names.add(name.trim().toLowerCase());
    }
  }
  return names;
};
