/**
 * What is safe to show: characters that a terminal or a reader would act on rather than show are escaped. Pure.
 *
 * Control characters (C0, DEL, C1), those that turn the direction of text (U+202E) or are not seen, unassigned ones,
 * and line separators. Everything that goes to standard output or standard error passes through here, since what a
 * command shows was written by others: addresses, replies of hops, names in the DNS.
 */

const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** Most lines are of these alone. */
const PLAIN = /^[\x20-\x7e\n]*$/;
/** Colours, which are ours: behind an ESC of somebody else's they can do no more than colour. */
const COLOURS = [0, 1, 2, 31, 32, 33].map((code) => `[${code}m`);

/** Lines of text. Line feeds, tabs and our own colours stay; the others become `\u{202e}`. */
export const visible = (text: string): string =>
  PLAIN.test(text) ? text : text.replace(HIDDEN, (c, at: number) => {
    if (c === "\n" || c === "\t" || (c === "\r" && text[at + 1] === "\n")) return c;
    if (c === "\x1b" && COLOURS.some((code) => text.startsWith(code, at + 1))) return c;
    return `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
  });

/** A JSON text that says the same and holds none of them: `\u202e`. RFC 8259 §7 */
export const visibleJson = (json: string): string =>
  PLAIN.test(json) ? json : json.replace(HIDDEN, (c) => c === "\n" ? c : units(c));

const units = (c: string): string =>
  Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, "0")}`)
    .join("");
