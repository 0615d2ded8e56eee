/**
 * SASLprep: user names and passwords to the one form in which they are compared. RFC 4013
 *
 * The tables of stringprep come from a library; strings of printable ASCII, nearly all there are,
 * never touch it.
 */
import prepare from "@mongodb-js/saslprep";

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * The prepared form, treated as a stored string (unassigned code points are refused, RFC 4013 §2.5);
 * null where the text may not be used or nothing is left of it. RFC 4616 §2, RFC 5802 §2.2
 */
export const saslprep = (text: string): string | null => {
  if (PRINTABLE_ASCII.test(text)) return text;
  try {
    const prepared = prepare(text);
    return prepared === "" ? null : prepared;
  } catch {
    return null;
  }
};
