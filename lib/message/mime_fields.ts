/** MIME fields of a message, of which there may be one each. RFC 2045 §3, RFC 2183 §2 */
import { type Field, unfolded } from "./header.ts";
import { readParameterized } from "./mime/mime_entity.ts";

/** Programs differ in which of two they believe. */
export const MIME_FIELDS: ReadonlySet<string> = new Set([
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
  "content-id",
  "content-description",
  "content-location",
  "content-md5",
]);

const WORDS: ReadonlySet<string> = new Set(["mime-version", "content-transfer-encoding"]);

/** Both say the same: to the octet once unfolded, and where one word is all they say, without case and comments. */
export const sameMime = (a: Field, b: Field): boolean =>
  WORDS.has(a.key) ? wordOf(a) === wordOf(b) : unfolded(a) === unfolded(b);

const wordOf = (f: Field): string => readParameterized(unfolded(f)).value.toLowerCase();
