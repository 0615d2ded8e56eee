/**
 * Structured values in ASCII, token by token: phrases and comments as encoded words, domains as A-labels, all else
 * as it is. RFC 2047 §5, RFC 6409 §6.5
 *
 * One pass over the tokens. Knows no field by name, and does not check the grammar of a value.
 */
import { isAscii, parseDomainName } from "../address/domain.ts";
import { encodeWords, isEncodedWord } from "./encoded_word.ts";
import { Lexer } from "./lexer.ts";

const AT = 0x40;

/** What can be said in another way besides comments. */
export interface Sayable {
  /** Words that are no part of an address, and domains. False: such a value has no ASCII form. */
  readonly phrases: boolean;
}

/** `value` in characters, unfolded, to pieces that a blank parts; null where it cannot be said in ASCII. */
export const downgradeWords = (value: string, can: Sayable): ReadonlyArray<string> | null => {
  const lex = new Lexer(value);
  let out = "";
  let from = 0; // end of the token before
  let run: { readonly start: number; end: number } | null = null;
  let domain = false;
  const flush = (local: boolean): boolean => {
    if (run === null) return true;
    const text = value.slice(run.start, run.end);
    run = null;
    if (isAscii(text)) out += text;
    else if (local || !can.phrases) return false;
    else out += `${blankBefore(out)}${encodedPhrase(text).join(" ")} `;
    return true;
  };
  for (;;) {
    lex.next();
    if (lex.bad) return null;
    const gap = value.slice(from, lex.start);
    const word = !domain && (lex.kind === "Atom" || lex.kind === "Quoted");
    if (word && run !== null && !gap.includes("(")) {
      run.end = lex.end;
      from = lex.end;
      continue;
    }
    if (!flush(lex.is(AT))) return null;
    const between = saidGap(gap);
    out += out.endsWith(" ") ? between.trimStart() : between;
    if (lex.ended) break;
    from = lex.end;
    const text = value.slice(lex.start, lex.end);
    if (word) run = { start: lex.start, end: lex.end };
    else if (isAscii(text)) out += text;
    else {
      const name = domain && can.phrases ? parseDomainName(text) : null;
      if (name === null) return null;
      out += name.ascii;
    }
    domain = lex.is(AT);
  }
  return out.trim().split(" ");
};

const blankBefore = (out: string): string => out === "" || out.endsWith(" ") ? "" : " ";

/** Words of a display name; encoded words that are there already stay. RFC 2047 §5 (3) */
export const encodedPhrase = (text: string): ReadonlyArray<string> => {
  if (isAscii(text)) return [text];
  const lex = new Lexer(text);
  const out: Array<string> = [];
  let run: string | null = null;
  while (lex.next() !== "End" && !lex.bad) {
    const existing = lex.kind === "Atom" && isEncodedWord(lex.text);
    if (existing) {
      // the blank before it would be lost between two encoded words
      if (run !== null) out.push(...encodeWords(`${run} `));
      out.push(lex.text);
      run = null;
    } else run = run === null ? `${out.length > 0 ? " " : ""}${lex.text}` : `${run} ${lex.text}`;
  }
  if (run !== null) out.push(...encodeWords(run));
  return out;
};

/** Blanks and comments between two tokens; parentheses stay where they are. RFC 2047 §5 (2) */
const saidGap = (gap: string): string => {
  if (isAscii(gap)) return gap;
  let out = "";
  let text = "";
  const flush = (): void => {
    const kept = /^ */.exec(text)?.[0] ?? "";
    out += isAscii(text)
      ? text
      : `${kept}${encodeWords(text.trim()).join(" ")}${text.endsWith(" ") ? " " : ""}`;
    text = "";
  };
  for (let i = 0; i < gap.length; i++) {
    const c = gap[i]!;
    if (c === "\\") text += gap[++i] ?? "";
    else if (c === "(" || c === ")") {
      flush();
      out += c;
    } else text += c;
  }
  flush();
  return out;
};
