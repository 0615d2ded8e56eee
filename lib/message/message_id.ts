/** Message identifiers. RFC 5322 §3.6.4, §4.5.4 */
import { Lexer, NO_GAP } from "./lexer.ts";
import { Phrase } from "./phrase.ts";

const LESS = 0x3c, GREATER = 0x3e, AT = 0x40;

/**
 * The one identifier `<left@right>` that `value` holds, in current or obsolete syntax, without
 * comments around it; null where it is none. The right side need not be a domain that exists or
 * could: it is only compared.
 */
export const parseMessageId = (value: string): string | null => {
  const lex = new Lexer(value);
  lex.next();
  if (!lex.is(LESS)) return null;
  lex.next();
  const from = lex.start;
  const left = new Phrase(value);
  while (lex.kind === "Atom" || lex.kind === "Quoted") {
    left.push(lex);
    lex.next();
  }
  if (left.local() === null || !lex.is(AT)) return null;
  lex.next();
  const to = lex.kind === "Literal" ? endOfLiteral(lex) : endOfDomain(lex);
  if (to < 0 || !lex.is(GREATER) || lex.next() !== "End") return null;
  return `<${value.slice(from, to).replace(/[\r\n]/g, "")}>`;
};

const endOfLiteral = (lex: Lexer): number => {
  const { end } = lex;
  lex.next();
  return end;
};

/** dot-atom, or atoms with blanks around their dots; -1 where it is neither. */
const endOfDomain = (lex: Lexer): number => {
  let text = "";
  let last: string | null = null; // looking at the end of what grows would copy it each time
  let end = -1;
  while (lex.kind === "Atom") {
    const joins = last === null ||
      (lex.gap !== NO_GAP && last.endsWith(".") !== lex.text.startsWith("."));
    if (!joins) return -1;
    last = lex.text;
    text += last;
    end = lex.end;
    lex.next();
  }
  return text.startsWith(".") || text.endsWith(".") || text.includes("..") ? -1 : end;
};
