/** What encoded words say, as far as it must be known that they say nothing harmful. RFC 2047 §2, §4, §6.2 */

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
    const said = runsOf(text, words).map(decoded);
    // a program that joins no words reads each alone
    if (said.some(holdsControl) || words.map(decoded).some(holdsControl)) return true;
    text = said.join("");
  }
  return false;
};

/**
 * What programs may show for `text`, in characters: as it is, with its encoded words decoded, and again with those
 * that were within them. Words apart by blanks alone are one text, so that a character may lie in two of them.
 */
export const shownAs = (text: string): ReadonlyArray<string> => {
  const out = [text];
  for (let last = text; out.length <= TIMES;) {
    const words = wordsOf(last);
    if (words.length === 0) break;
    const runs = runsOf(last, words);
    let said = "";
    let at = 0;
    let behind = false;
    for (const run of runs) {
      const gap = last.slice(at, run.start);
      said += `${behind && isBlank(gap) ? "" : gap}${decoded(run)}`;
      at = run.end;
      behind = true;
    }
    last = said + last.slice(at);
    out.push(last);
  }
  return out;
};

/** C0 but for the tab, DEL and C1. */
const holdsControl = (s: string): boolean => /[^\P{Cc}\t]/u.test(s);

/** An encoded word, or several that are read as one. */
interface Word {
  /** In lower case. */
  readonly charset: string;
  /** One char each. */
  readonly octets: string;
  /** Span in the text. */
  readonly start: number;
  readonly end: number;
}

const isBlank = (s: string): boolean => !/[^ \t\r\n]/.test(s);

/** Neighbours of one charset put together before they are decoded. RFC 2047 §6.2 */
const runsOf = (text: string, words: ReadonlyArray<Word>): ReadonlyArray<Word> => {
  const out: Array<Array<Word>> = [];
  for (const w of words) {
    const run = out.at(-1);
    const last = run?.at(-1);
    const joins = last !== undefined && last.charset === w.charset &&
      isBlank(text.slice(last.end, w.start));
    if (joins) run?.push(w);
    else out.push([w]);
  }
  return out.flatMap((run) => {
    const [head] = run;
    const end = run.at(-1)?.end;
    if (head === undefined || end === undefined) return [];
    return [{ ...head, end, octets: run.map((w) => w.octets).join("") }];
  });
};

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
    const said = text.slice(second + 1, end);
    out.push({
      charset: charset.toLowerCase(),
      octets: encoding === "q" ? fromQ(said) : encoding === "b" ? fromB(said) : said,
      start: at,
      end: end + 2,
    });
    at = end;
  }
  return out;
};

/** Characters; of a charset that nobody here knows, those of ASCII that could be meant. */
const decoded = (w: Word): string => {
  try {
    const bytes = Uint8Array.from(w.octets, (c) => c.charCodeAt(0) & 0xff);
    return new TextDecoder(w.charset).decode(bytes);
  } catch {
    return w.octets.replace(/[^\0\r\n\x20-\x7e]/g, "?");
  }
};

const fromQ = (text: string): string =>
  text.replaceAll("_", " ").replace(
    /=([0-9A-Fa-f]{2})/g,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );

/** As far as it goes: programs show what they can read of a text that was cut off. */
const fromB = (text: string): string => {
  const digits = text.replace(/[^0-9A-Za-z+/]/g, "");
  return atob(digits.slice(0, digits.length - (digits.length % 4 === 1 ? 1 : 0)));
};
