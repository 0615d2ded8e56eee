/**
 * Address fields that break the grammar although their meaning is clear: names without the quotes they need,
 * semicolons for commas, an empty group without its colon. RFC 5322 §3.4
 *
 * Yields a text for `parseAddressList` to judge; null where anything would have to be guessed.
 */
import { type Completions, NO_COMPLETIONS } from "../address/complete.ts";
import { type AddressList, parseAddressList, TOO_MANY } from "./address_list.ts";
import { isEncodedWord } from "./encoded_word.ts";
import { Lexer, NO_GAP } from "./lexer.ts";

interface Mended {
  readonly text: string;
  /** What was wrong, in our own words. */
  readonly problem: string;
}

/** `list` as `parseAddressList` has it, of the mended text where only that is in the grammar. */
export interface ReadAddresses {
  readonly list: AddressList | string;
  /** What was wrong and is mended; null: nothing. */
  readonly mended: string | null;
}

/** `value` in characters, with its folding. */
export const readAddressList = (
  value: string,
  max: number,
  domains: Completions = NO_COMPLETIONS,
): ReadAddresses => {
  const list = parseAddressList(value, max, domains);
  if (typeof list !== "string" || list === TOO_MANY) return { list, mended: null };
  const made = mended(value.replaceAll("\r\n", ""));
  const again = made === null ? list : parseAddressList(made.text, max, domains);
  return typeof again === "string" || made === null
    ? { list: again === TOO_MANY ? again : list, mended: null }
    : { list: again, mended: made.problem };
};

const NOBODY: ReadonlySet<string> = new Set(["undisclosed-recipients", "undisclosed recipients"]);

/** `value` in characters, unfolded. */
const mended = (value: string): Mended | null => {
  const group = value.trim().replace(/[:;]$/, "").trimEnd();
  if (NOBODY.has(group.toLowerCase())) {
    return { text: "undisclosed-recipients:;", problem: "is a group that is not closed" };
  }
  const items = itemsOf(value);
  if (items === null) return null;
  const problems: Array<string> = items.semicolons ? ["has semicolons for commas"] : [];
  const texts: Array<string> = [];
  for (const item of items.all) {
    const quoted = withQuotes(item);
    if (quoted === null) return null;
    if (quoted !== item) problems.push("has a name without the quotes it needs");
    texts.push(quoted);
  }
  if (problems.length === 0) return null;
  return { text: texts.join(", "), problem: [...new Set(problems)].join(", ") };
};

const LESS = 0x3c, GREATER = 0x3e, COMMA = 0x2c, SEMICOLON = 0x3b, COLON = 0x3a;

/** The items between commas and semicolons; null where the value holds groups, or brackets that do not match. */
const itemsOf = (
  value: string,
): { readonly all: ReadonlyArray<string>; readonly semicolons: boolean } | null => {
  const lex = new Lexer(value);
  const all: Array<string> = [];
  let from = 0;
  let angle = false;
  let semicolons = false;
  const take = (end: number): void => {
    const item = value.slice(from, end).trim();
    if (item !== "") all.push(item);
    from = end + 1;
  };
  while (lex.next() !== "End") {
    if (lex.bad || lex.is(COLON)) return null;
    if (lex.is(LESS) || lex.is(GREATER)) {
      if (angle === lex.is(LESS)) return null;
      angle = lex.is(LESS);
    } else if (!angle && (lex.is(COMMA) || lex.is(SEMICOLON))) {
      if (lex.is(SEMICOLON)) semicolons = true;
      take(lex.start);
    }
  }
  if (angle) return null;
  take(value.length);
  return { all, semicolons };
};

/** The item with quotes around a name that needs them; null where it is no name in front of an address. */
const withQuotes = (item: string): string | null => {
  const lex = new Lexer(item);
  const out: Array<string> = [];
  let run = "";
  let odd = false;
  const flush = (): void => {
    if (run !== "") out.push(`"${run.replace(/["\\]/g, "\\$&")}"`);
    run = "";
  };
  while (lex.next() !== "End" && !lex.is(LESS)) {
    if (lex.bad || lex.comment) return item;
    if (lex.kind === "Special" || lex.kind === "Literal") odd = true;
    if (lex.kind === "Atom" && isEncodedWord(lex.text)) {
      flush();
      out.push(lex.text);
      continue;
    }
    const text = lex.kind === "Quoted" ? lex.text : item.slice(lex.start, lex.end);
    run += `${run === "" || lex.gap === NO_GAP ? "" : " "}${text}`;
  }
  if (!odd || lex.ended) return item;
  if (!item.endsWith(">")) return null;
  flush();
  return `${out.join(" ")} ${item.slice(lex.start)}`;
};
