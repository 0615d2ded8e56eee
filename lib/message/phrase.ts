/** Words in a row: a display name, or the local part of an address. RFC 5322 §3.2.5, §3.4.1, §4.1, §4.4 */
import { type Lexer, NO_GAP, ONE_BLANK } from "./lexer.ts";

interface Word {
  readonly quoted: boolean;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Something stood between this word and the one before. */
  readonly gap: boolean;
}

/** `=?charset?encoding?text?=`, which must not come between quotes. RFC 2047 §5 */
const encodedWord = (s: string): boolean => s.length > 8 && s.startsWith("=?") && s.endsWith("?=");

const quote = (s: string): string => `"${s.replace(/["\\]/g, "\\$&")}"`;

export class Phrase {
  readonly #source: string;
  readonly #words: Array<Word> = [];
  /** Words are parted by one blank each, as they would be printed. */
  #plain = true;
  #dotted = false;
  /** Set by `print`: holds dots, which a phrase has no longer. RFC 5322 §4.1 */
  obsolete = false;

  constructor(source: string) {
    this.#source = source;
  }

  get empty(): boolean {
    return this.#words.length === 0;
  }

  /** As a local part: was more than one token, which is obsolete. RFC 5322 §4.4 */
  get several(): boolean {
    return this.#words.length > 1;
  }

  /** Takes the token at hand, an atom or a quoted string. */
  push(lex: Lexer): void {
    const quoted = lex.kind === "Quoted";
    if (!this.empty && lex.gap !== ONE_BLANK) this.#plain = false;
    if (quoted && lex.end - lex.start !== lex.text.length + 2) this.#plain = false;
    if (!quoted && lex.dotted) this.#dotted = true;
    this.#words.push({
      quoted,
      text: lex.text,
      start: lex.start,
      end: lex.end,
      gap: lex.gap !== NO_GAP,
    });
  }

  /** In current syntax, one blank between words; null where it is no phrase. RFC 5322 §3.2.5 */
  print(): string | null {
    const words = this.#words;
    const head = words[0], last = words[words.length - 1];
    if (head === undefined || last === undefined) return null;
    if (!head.quoted && head.text.startsWith(".")) return null;
    const dots = this.#dotted &&
      words.some((w) => !w.quoted && w.text.includes(".") && !encodedWord(w.text));
    if (this.#plain && !dots) return this.#source.slice(head.start, last.end);
    this.obsolete = dots;
    // without encoded words one pair of quotes serves all
    if (dots && !words.some((w) => !w.quoted && encodedWord(w.text))) {
      return quote(words.map((w, i) => i > 0 && w.gap ? ` ${w.text}` : w.text).join(""));
    }
    return words.map((w) =>
      w.quoted || (w.text.includes(".") && !encodedWord(w.text)) ? quote(w.text) : w.text
    ).join(" ");
  }

  /** As a local part: without quotes; null where it is none. RFC 5322 §3.4.1, §4.4 */
  local(): string | null {
    const only = this.#words[0];
    if (only === undefined) return null;
    return this.several ? this.#joined() : only.quoted ? unquoted(only.text) : dotAtom(only.text);
  }

  /** word *("." word), with blanks around the dots. */
  #joined(): string | null {
    let out = "";
    let wordNext = true; // a word is due, not a dot
    for (const w of this.#words) {
      if (w.quoted) {
        if (!wordNext || unquoted(w.text) === null) return null;
        out += w.text;
        wordNext = false;
        continue;
      }
      const parts = w.text.split(".");
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i] ?? "";
        if (i > 0) {
          if (wordNext) return null;
          out += ".";
          wordNext = true;
        }
        if (part !== "") {
          if (!wordNext) return null;
          out += part;
          wordNext = false;
        }
      }
    }
    return wordNext ? null : out;
  }
}

/** What SMTP could carry too: not empty, no control characters. RFC 5321 §4.1.2 */
const unquoted = (s: string): string | null => {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) return null;
  }
  return s === "" ? null : s;
};

const dotAtom = (s: string): string | null =>
  s.startsWith(".") || s.endsWith(".") || s.includes("..") ? null : s;
