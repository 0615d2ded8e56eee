/** Writes fields and headers: folds our own fields, and breaks lines that may not leave as they are. */
import { type Field, type Header, MAX_LINE, rawValue } from "./header.ts";

/** The header section as it leaves: latin1 text, every field with its CRLF, without the empty line. */
export const printHeader = (h: Header): string => {
  let out = "";
  for (const f of h.fields) out += f.raw;
  return out;
};

/** Our own lines are at most this long where there is a place to fold. RFC 5322 §2.1.1 */
const WIDTH = 78;

const fieldOf = (name: string, raw: string): Field => ({
  name,
  key: name.toLowerCase(),
  raw,
  valueAt: name.length + 1,
  misfit: false,
});

/** A field of one line; `value` is latin1 text without CR and LF. */
export const makeField = (name: string, value: string): Field =>
  fieldOf(name, `${name}: ${value}\r\n`);

/**
 * A field from pieces that may be parted, a blank or a new line between them: clauses of Received,
 * addresses of a list with their commas. A piece stays whole. RFC 5322 §2.2.3
 */
export const makeFolded = (name: string, pieces: ReadonlyArray<string>): Field => {
  let out = "";
  let line = `${name}:`;
  for (const piece of pieces) {
    if (line.length + 1 + piece.length > WIDTH && line.trimStart().length > name.length + 1) {
      out += `${line}\r\n`;
      line = "";
    }
    line += ` ${piece}`;
  }
  return fieldOf(name, `${out}${line}\r\n`);
};

/**
 * The same field with lines that may leave: no continuation of blanks only, no blank before the
 * colon, long lines folded at blanks they have. Null where a line over 998 octets has no blank to
 * fold at. Unfolded, the value says what it said. RFC 5322 §2.2.3, §4.2
 */
export const relayout = (f: Field): Field | null => {
  const lines: Array<string> = [];
  rawValue(f).split("\r\n").forEach((line, i) => {
    if (i === 0) lines.push(`${f.name}:${line}`);
    else if (line.trim() !== "") lines.push(line);
  });
  let raw = "";
  for (const line of lines) {
    let rest = line;
    while (rest.length > MAX_LINE) {
      rest = rest.trimEnd();
      const cut = rest.length > MAX_LINE ? foldBefore(rest) : rest.length;
      if (cut < 0) return null;
      raw += `${rest.slice(0, cut)}\r\n`;
      rest = rest.slice(cut);
    }
    if (rest !== "") raw += `${rest}\r\n`;
  }
  return fieldOf(f.name, raw);
};

/** Last place at most 998 octets in where blanks follow something visible; -1 where there is none. */
const foldBefore = (line: string): number => {
  for (let i = MAX_LINE; i > 0; i--) {
    if (blank(line.charCodeAt(i)) && !blank(line.charCodeAt(i - 1))) return i;
  }
  return -1;
};

const blank = (c: number): boolean => c === 0x20 || c === 0x09;
