/** Whether the header of a part may leave as it is, and whether it says clearly what the part is. RFC 5322 §2.1.1, RFC 2045 §3 */
import { MAX_LINE } from "../header.ts";
import { partFields } from "./mime_entity.ts";
import { relayout } from "../write.ts";

/** `raw`, one char per octet, holds a line over 998 octets. */
export const longLined = (raw: string): boolean =>
  raw.length > MAX_LINE && raw.split("\r\n").some((line) => line.length > MAX_LINE);

/** NUL, or a CR or an LF alone, which only a hop that takes binary content may see. RFC 3030 §3 */
export const binaryHeader = (raw: string): boolean =>
  raw.includes("\0") || /[\r\n]/.test(raw.replaceAll("\r\n", ""));

/** The same header with its long lines folded at blanks that they have; null where one has none. RFC 5322 §2.2.3 */
export const foldedPart = (raw: string): string | null => {
  let out = "";
  for (const field of partFields(raw)) {
    const made = longLined(field.raw) ? field.name === "" ? null : relayout(field) : field;
    if (made === null || longLined(made.raw)) return null;
    out += made.raw;
  }
  return out + (raw === "\r\n" || raw.endsWith("\r\n\r\n") ? "\r\n" : "");
};

const ONCE: ReadonlySet<string> = new Set(["content-type", "content-transfer-encoding"]);

/**
 * Programs may read it differently: it holds lines that are no fields, which some take for the text, or says
 * twice what the part is. Such a part is never labelled anew.
 */
export const unclear = (raw: string): boolean => {
  const seen = new Set<string>();
  return partFields(raw).some((f) => {
    if (f.name === "" || /[\0-\x20\x7f-\xff]/.test(f.name)) return true;
    if (seen.has(f.key)) return true;
    if (ONCE.has(f.key)) seen.add(f.key);
    return false;
  });
};
