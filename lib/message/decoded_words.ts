/** Decodes encoded words as far as is needed to know that they hold nothing harmful. RFC 2047 §2, §4 */

/** Some program decodes again what it has decoded. */
const TIMES = 3;

/**
 * An encoded word of `raw`, one char per octet, holds a control character: it could end a line, or hide what
 * follows it, where a name is shown. Looks at words wherever they stand, and within words.
 */
export const hidesControls = (raw: string): boolean => {
  let text = raw;
  for (let n = 0; n < TIMES; n++) {
    const words = wordsOf(text);
    if (words.length === 0) return false;
    const said = words.map(decoded);
    if (said.some(holdsControl)) return true;
    text = said.join("");
  }
  return false;
};

/** C0 but for the tab, DEL and C1. */
const holdsControl = (s: string): boolean => /[^\P{Cc}\t]/u.test(s);

interface Word {
  readonly charset: string;
  readonly encoding: string;
  readonly text: string;
}

/** One pass from mark to mark: `=?charset?encoding?text?=`. */
const wordsOf = (text: string): ReadonlyArray<Word> => {
  const out: Array<Word> = [];
  for (let at = text.indexOf("=?"); at >= 0; at = text.indexOf("=?", at + 2)) {
    const first = text.indexOf("?", at + 2);
    const second = first < 0 ? -1 : text.indexOf("?", first + 1);
    const end = second < 0 ? -1 : text.indexOf("?", second + 1);
    if (end < 0) break;
    if (text[end + 1] !== "=" || second !== first + 2) continue;
    const [charset = ""] = text.slice(at + 2, first).split("*"); // a language behind it. RFC 2231 §5
    const encoding = text.slice(first + 1, second).toLowerCase();
    out.push({ charset, encoding, text: text.slice(second + 1, end) });
    at = end;
  }
  return out;
};

/** Characters; of a charset that nobody here knows, those of ASCII that could be meant. */
const decoded = (w: Word): string => {
  const octets = w.encoding === "q" ? fromQ(w.text) : w.encoding === "b" ? fromB(w.text) : w.text;
  try {
    const bytes = Uint8Array.from(octets, (c) => c.charCodeAt(0) & 0xff);
    return new TextDecoder(w.charset).decode(bytes);
  } catch {
    return octets.replace(/[^\0\r\n\x20-\x7e]/g, "?");
  }
};

const fromQ = (text: string): string =>
  text.replaceAll("_", " ").replace(
    /=([0-9A-Fa-f]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );

const fromB = (text: string): string => {
  try {
    return atob(text.replace(/[^0-9A-Za-z+/]/g, ""));
  } catch {
    return "";
  }
};
