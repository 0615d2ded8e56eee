/**
 * Addresses that stand where a person's name should: what mail programs show in place of the true address.
 *
 * Reads as a human would: encoded words decoded, characters that nobody sees left out, compatibility forms of "@" and
 * the dot taken for what they look like. Letters that only resemble others stay what they are. RFC 2047 §5 (3), §6.2
 */
import { parseDomainName } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Address } from "./address.ts";
import type { AddressField } from "./address_list.ts";
import { shownAs } from "./decoded_words.ts";
import { Lexer } from "./lexer.ts";

/** A name that is shown in an address field, and the mailboxes that it may rightly say. */
export interface ShownName {
  /** In characters, without quotes; encoded words as they are. */
  readonly text: string;
  readonly of: ReadonlyArray<Mailbox>;
}

/** Display names, names of groups, and comments, which some programs show for want of a name. RFC 5322 §3.4 */
export const namesOf = (a: AddressField, value: string): ReadonlyArray<ShownName> => [
  ...a.list.addresses.flatMap(namesOfAddress),
  ...commentsOf(value).map((text) => ({ text, of: a.list.mailboxes })),
];

const namesOfAddress = (a: Address): ReadonlyArray<ShownName> => {
  const named = a._tag === "Group" ? a.members : [a];
  const names = named.flatMap((m): ReadonlyArray<ShownName> =>
    m.displayName === null ? [] : [{ text: unquoted(m.displayName), of: [m.mailbox] }]
  );
  return a._tag === "Group"
    ? [{ text: unquoted(a.name), of: a.members.map((m) => m.mailbox) }, ...names]
    : names;
};

const unquoted = (s: string): string => s.replace(/\\([^])|"/g, "$1");

/** What stands in parentheses, one text for each gap between two tokens. RFC 5322 §3.2.2 */
const commentsOf = (value: string): ReadonlyArray<string> => {
  if (!value.includes("(")) return [];
  const lex = new Lexer(value);
  const out: Array<string> = [];
  for (let from = 0; !lex.ended || from === 0;) {
    lex.next();
    if (lex.bad) break;
    if (lex.comment) out.push(value.slice(from, lex.start).replace(/\\([^])/g, "$1"));
    if (lex.ended) break;
    from = lex.end;
  }
  return out;
};

/** Addresses within a name, in every way in which it may be shown; those of one label or literals are none. */
export const addressesShown = (name: string): ReadonlyArray<Mailbox> => {
  const out = new Map<string, Mailbox>();
  for (const text of shownAs(name)) {
    for (const m of addressesIn(seen(text))) out.set(`${m.local}@${m.domain.text}`, m);
  }
  return [...out.values()];
};

const NARROW = /[\u2006-\u200a\u202f\u205f]+/gu;
const JOINING = /[@.\uff20\ufe6b\uff0e]/u;

/** Without narrow blanks that the eye takes for nothing beside an "@" or a dot. */
const closed = (text: string): string =>
  text.replace(
    NARROW,
    (blanks, at: number) =>
      JOINING.test(text[at - 1] ?? "") || JOINING.test(text[at + blanks.length] ?? "")
        ? ""
        : blanks,
  );

/** As the eye takes it. UAX #15, UAX #44 (Default_Ignorable_Code_Point) */
const seen = (text: string): string => {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const shown = closed(text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, ""));
  return shown.normalize("NFKC").replaceAll("\u3002", ".");
};

const LABELS = /[\p{L}\p{N}\p{M}_-]+(?:\.[\p{L}\p{N}\p{M}_-]+)*/uy;
/** Ends what could be the part before an "@". */
const NO_LOCAL = /[\s()<>[\]:;,"@\\]/u;
/** Quotes of all kinds and other marks before a name. */
const LEADING = /^[^\p{L}\p{N}]+/u;

const addressesIn = (text: string): ReadonlyArray<Mailbox> => {
  const out: Array<Mailbox> = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    LABELS.lastIndex = at + 1;
    const domain = parseDomainName((LABELS.exec(text)?.[0] ?? "").replace(/[_-]+$/, ""));
    if (domain === null || !domain.ascii.includes(".")) continue;
    const local = localBefore(text, at);
    if (local !== "") out.push({ local, domain });
  }
  return out;
};

/** Empty where none stands there. */
const localBefore = (text: string, at: number): string => {
  if (text[at - 1] === '"') return text.slice(text.lastIndexOf('"', at - 2) + 1, at - 1);
  let from = at;
  while (from > 0 && !NO_LOCAL.test(text[from - 1] ?? "")) from--;
  return text.slice(from, at).replace(LEADING, "");
};
