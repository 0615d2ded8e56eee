/** Facts for the trail: bounded in length, free of characters that a terminal or a log would act on. */
import { type Mailbox, printMailbox } from "../address/mailbox.ts";
import { type Field, unfolded } from "../message/header.ts";
import { decodeUtf8 } from "../message/text.ts";

const MAX_TEXT = 160;
const MAX_ITEMS = 10;

/** Control, format and unassigned characters, among them those that turn the direction of text; line separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const PLAIN = /^[\x20-\x7e]*$/;

export const shown = (text: string): string => {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
  return PLAIN.test(short) ? short : short.replace(INVISIBLE, "?");
};

/** Value of a field on one line. */
export const value = (f: Field): string => {
  const octets = unfolded(f);
  return shown(decodeUtf8(octets) ?? octets);
};

export const address = (m: Mailbox): string => shown(printMailbox(m));

/** The first of many, and how many more there are. */
export const addresses = (all: ReadonlyArray<Mailbox>): ReadonlyArray<string> =>
  items(all, address);

export const items = <A>(
  all: ReadonlyArray<A>,
  show: (a: A) => string,
): ReadonlyArray<string> => {
  const out = all.slice(0, MAX_ITEMS).map(show);
  if (all.length > MAX_ITEMS) out.push(`and ${all.length - MAX_ITEMS} more`);
  return out;
};
