/**
 * Whether every program reads a Content-Type, or its like, as we do: within the grammar, or so little outside it that
 * nobody guesses. Quotes in odd places, a parameter twice and blanks in a boundary are read in several ways.
 * RFC 2045 §5.1, RFC 2046 §5.1.1
 */

const QUOTE = '"';

/** `value` unfolded, one char per octet. One pass. */
export const readAlike = (value: string): boolean => {
  const type = upTo(value, 0);
  if (!plain(value.slice(0, type))) return false;
  const names = new Set<string>();
  for (let at = type; at < value.length;) {
    const end = upTo(value, at + 1);
    const eq = value.indexOf("=", at);
    if (eq < 0 || eq > end) {
      if (!plain(value.slice(at + 1, end))) return false;
      at = end;
      continue;
    }
    const name = value.slice(at + 1, eq).trim().toLowerCase();
    if (!TOKEN.test(name) || names.has(name)) return false;
    names.add(name);
    const parameter = read(value, eq + 1);
    if (parameter === null || (name === "boundary" && !usable(parameter.text))) return false;
    at = parameter.end;
  }
  return true;
};

const TOKEN = /^[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+$/;

/** Index of the next semicolon, or of the end. */
const upTo = (value: string, from: number): number => {
  const at = value.indexOf(";", from);
  return at < 0 ? value.length : at;
};

/** No quotes, and comments that hold nothing to stumble over. */
const plain = (text: string): boolean =>
  !/["\\]/.test(text) && !/[()]/.test(text.replace(/\([^()]*\)/g, ""));

interface Read {
  readonly text: string;
  /** Of the semicolon behind it, or of the end. */
  readonly end: number;
}

/** The value of a parameter; null where it is neither a quoted string nor free of quotes. */
const read = (value: string, from: number): Read | null => {
  let at = from;
  while (value[at] === " " || value[at] === "\t") at++;
  if (value[at] !== QUOTE) {
    const end = upTo(value, at);
    const text = value.slice(at, end);
    return plain(text) ? { text: text.replace(/\([^()]*\)/g, "").trimEnd(), end } : null;
  }
  let close = at + 1;
  for (; close < value.length && value[close] !== QUOTE; close++) {
    if (value[close] === "\\") close++;
  }
  if (close >= value.length) return null;
  const end = upTo(value, close);
  const behind = value.slice(close + 1, end);
  return plain(behind) && behind.replace(/\([^()]*\)/g, "").trim() === ""
    ? { text: value.slice(at + 1, close), end }
    : null;
};

/** What no program trims, unescapes or cuts. */
const usable = (boundary: string): boolean =>
  boundary !== "" && boundary === boundary.trim() && !/[^ -~]|\\/.test(boundary);

/** Two open boundaries of which one's lines can be taken for the other's. */
export const mistakable = (a: string, b: string): boolean =>
  a === b || a === `${b}--` || b === `${a}--`;
