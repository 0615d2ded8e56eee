/**
 * A header section as a list of fields that keeps every octet as it came. RFC 5322 §2.2
 *
 * Text is "one char per octet" (latin1) throughout; `decodeUtf8` where characters are meant. Knows only the frame
 * of a field; `parse.ts` reads values.
 */
import { type Completions, NO_COMPLETIONS } from "../address/complete.ts";
import { clip, decodeUtf8 } from "./text.ts";

/** One header field: name, body as it came, and the key that it is looked up by. RFC 5322 §2.2 */
export interface Field {
  /** As written, without blanks before the colon. */
  readonly name: string;
  /** `name` in lower case. */
  readonly key: string;
  /**
   * The whole field as it came or as we wrote it: name, colon, value with its folding, final CRLF.
   * What is not changed leaves exactly as it came.
   */
  readonly raw: string;
  /** Where the value starts in `raw`: behind the colon. */
  readonly valueAt: number;
  /**
   * May not leave as it stands: a line over 998 octets, a continuation of blanks only, or a blank
   * before the colon. `relayout` puts it right. RFC 5322 §2.1.1, §4.2, §4.5
   */
  readonly misfit: boolean;
}

/** The fields of a message from top to bottom. RFC 5322 §2.1 */
export interface Header {
  readonly fields: ReadonlyArray<Field>;
}

/** Bounds of what is read; a message beyond them is refused. */
export interface HeaderLimits {
  readonly headerBytes: number;
  readonly headerFields: number;
  readonly addressesPerField: number;
  /** More Received fields are a loop. RFC 5321 §6.3 */
  readonly receivedFields: number;
}

/** What is taken although it may not leave as it is, since it will be put right. */
export interface Leniency {
  /** No From. RFC 5322 §3.6.2 */
  readonly absentFrom: boolean;
  /** A field twice that may be there once, both saying the same. RFC 5322 §3.6 */
  readonly duplicates: boolean;
  /** By single label in lower case, the domain that it stands for. RFC 6409 §4.2 */
  readonly domains: Completions;
}

export const STRICT: Leniency = { absentFrom: false, duplicates: false, domains: NO_COMPLETIONS };

/** Why a header is refused. */
export interface HeaderFault {
  readonly _tag: "HeaderFault";
  /** Name of the rule, for the trail. */
  readonly rule: string;
  /** The field that is to blame, printable, at most 60 characters; null: the header as a whole. */
  readonly field: string | null;
  /** Our own words, fit for a reply. */
  readonly problem: string;
}

export const headerFault = (
  rule: string,
  field: string | null,
  problem: string,
): HeaderFault => ({
  _tag: "HeaderFault",
  rule,
  field: field === null ? null : clip(field, 60),
  problem,
});

/** One line of it: `To field: ...`. */
export const printFault = (f: HeaderFault): string =>
  f.field === null ? f.problem : `${f.field} field: ${f.problem}`;

export const isFault = (x: object): x is HeaderFault => "_tag" in x && x._tag === "HeaderFault";

/** Longest line in octets, without its CRLF. RFC 5322 §2.1.1 */
export const MAX_LINE = 998;

const CR = 0x0d, LF = 0x0a, TAB = 0x09, BLANK = 0x20, COLON = 0x3a;

/**
 * Splits a header section into fields.
 *
 * `head` ends with the CRLF of its last line and has no empty line in it; `utf8`: MAIL had SMTPUTF8.
 * Refuses, naming the field: lines that are neither field nor continuation, a leading blank first
 * line, a mailbox's "From " line, control characters, 8-bit octets without SMTPUTF8 or that are not
 * UTF-8, and what is over the limits. One pass. RFC 5322 §2.2, §3.6.8, RFC 6532 §3.1
 */
export const parseHeader = (
  head: string,
  limits: HeaderLimits,
  utf8: boolean,
): Header | HeaderFault => {
  if (head.length > limits.headerBytes) return headerFault("HDR-16", null, "header is too large");
  const fields: Array<Field> = [];
  let at = 0;
  while (at < head.length) {
    const field = readField(head, at, utf8);
    if (isFault(field)) return field;
    if (fields.length === limits.headerFields) {
      return headerFault("HDR-16", null, "too many header fields");
    }
    fields.push(field);
    at += field.raw.length;
  }
  return { fields };
};

/** The field that starts at `at`. */
const readField = (head: string, at: number, utf8: boolean): Field | HeaderFault => {
  const colon = readName(head, at);
  if (isFault(colon)) return colon;
  const nameEnd = colon.nameEnd;
  const name = head.slice(at, nameEnd);
  let misfit = nameEnd !== colon.at;
  let eightBit = false;
  let lineAt = at;
  let blankLine = false; // the current line holds nothing but blanks
  let i = colon.at + 1;
  for (; i < head.length; i++) {
    const c = head.charCodeAt(i);
    if (c > BLANK && c < 0x7f) blankLine = false;
    else if (c === BLANK || c === TAB) continue;
    else if (c === CR) {
      if (head.charCodeAt(i + 1) !== LF) return headerFault("HDR-19", name, "CR without LF");
      if (blankLine || i - lineAt > MAX_LINE) misfit = true;
      const next = head.charCodeAt(i + 2);
      if (next !== BLANK && next !== TAB) {
        return eightBit && (!utf8 || decodeUtf8(head.slice(at, i)) === null)
          ? utf8 ? headerFault("HDR-18", name, NOT_UTF8) : headerFault("HDR-17", name, NEEDS_UTF8)
          : {
            name,
            key: name.toLowerCase(),
            raw: head.slice(at, i + 2),
            valueAt: colon.at + 1 - at,
            misfit,
          };
      }
      i++;
      lineAt = i + 1;
      blankLine = true;
    } else if (c >= 0x80) {
      eightBit = true;
      blankLine = false;
    } else return headerFault("HDR-19", name, "control character");
  }
  return headerFault("HDR-13", name, "header ends in the middle of a line");
};

const NOT_UTF8 = "8-bit characters that are not UTF-8";
const NEEDS_UTF8 = "8-bit characters need the SMTPUTF8 parameter on MAIL";

/** Ends of the name and place of the colon. RFC 5322 §3.6.8, §4.5 */
const readName = (
  head: string,
  at: number,
): { readonly nameEnd: number; readonly at: number } | HeaderFault => {
  let i = at;
  let c = head.charCodeAt(i);
  while (c > BLANK && c < 0x7f && c !== COLON) c = head.charCodeAt(++i);
  const nameEnd = i;
  while (c === BLANK || c === TAB) c = head.charCodeAt(++i);
  if (c === COLON && nameEnd > at) return { nameEnd, at: i };
  if (nameEnd === at) {
    return headerFault(
      "HDR-13",
      null,
      c === COLON
        ? "a header field without a name"
        : i > at && at === 0
        ? "the first header line starts with a blank"
        : "a header line that is no field",
    );
  }
  const name = head.slice(at, nameEnd);
  return head.startsWith("From ", at)
    ? headerFault("HDR-13", null, 'a "From " line of a mailbox file is no header field')
    : headerFault("HDR-13", name, "a header line that is no field (name and colon)");
};

/** Value with its folding, without the final CRLF. */
export const rawValue = (f: Field): string => f.raw.slice(f.valueAt, -2);

/** Value on one line, without blanks at either end. RFC 5322 §2.2.3 */
export const unfolded = (f: Field): string => {
  const value = rawValue(f);
  return (value.includes("\r\n") ? value.replaceAll("\r\n", "") : value).trim();
};
