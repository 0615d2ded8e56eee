/** Characters that are invisible or reverse the order of others: no part of an address that people read. */

/** Controls of ASCII and C1, directional and other format characters, separators of lines, and no characters at all. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;
const EVERY = new RegExp(UNSEEN, "gu");

/** The two that join and part letters are of some scripts' spelling. RFC 5892 appendix A */
const JOINERS: ReadonlySet<string> = new Set(["\u200c", "\u200d"]);

export const hasUnseen = (text: string): boolean =>
  [...text.matchAll(EVERY)].some(([c]) => !JOINERS.has(c));

/** Each of them as `\u{202E}`. */
export const visible = (text: string): string =>
  text.replaceAll(
    EVERY,
    (c) => JOINERS.has(c) ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
