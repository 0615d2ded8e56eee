/**
 * Text of reports: addresses in their types, lines folded, and no text of a peer at the start of a line. RFC 3464
 * §2.1
 */
import { isAscii } from "../../address/domain.ts";

/** Whatever could end a line or is not ASCII becomes `?`. Words of a peer pass through here. */
export const clean = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

/** The same where UTF-8 may stand: controls alone are taken out. RFC 6533 §3 */
export const cleanUtf8 = (text: string): string => text.replace(/\p{C}/gu, "?");

/** `prefix` and words, folded at blanks below 78 columns where there are blanks. RFC 5322 §2.2.3 */
export const fold = (prefix: string, text: string): string => {
  let out = "";
  let line = prefix;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > 77 && line.trim() !== "") {
      out += `${line}\r\n`;
      line = "";
    }
    line += ` ${word}`;
  }
  return `${out}${line}\r\n`;
};

/** `\x{FC}` for what has no place in 7-bit addresses. RFC 6533 §3 */
const embedded = (address: string): string => {
  let out = "";
  for (const c of address) {
    out += /[!-*,-<>-[\]-~]/.test(c) ? c : `\\x{${c.codePointAt(0)!.toString(16).toUpperCase()}}`;
  }
  return out;
};

/** `rfc822;`, or for what is not ASCII `utf-8;`, in its 7-bit form unless `utf8`. RFC 3464 §2.3.2, RFC 6533 §3 */
export const typedAddress = (address: string, utf8: boolean): string =>
  isAscii(address)
    ? `rfc822; ${clean(address)}`
    : `utf-8; ${utf8 ? cleanUtf8(address) : embedded(address)}`;
