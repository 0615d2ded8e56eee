/** Text as encoded words, which any hop takes. RFC 2047 §2, §4, §5 */
import { isAscii } from "../address/domain.ts";

/** Octets of text in one word, so that it stays below 75 and its line, with the field's name, below 76. RFC 2047 §2 */
const MAX_OCTETS = 36;
const MAX_TEXT = 48;

const encoder = new TextEncoder();

const base64 = (octets: Uint8Array): string => btoa(String.fromCharCode(...octets));

/** What needs no spelling out in a word, wherever it stands. RFC 2047 §5 (3) */
const SAFE = /^[0-9A-Za-z!*+/-]$/;

const quoted = (octets: Uint8Array): string => {
  let out = "";
  for (const o of octets) {
    const c = String.fromCharCode(o);
    out += c === " " ? "_" : SAFE.test(c) ? c : `=${o.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
};

/** Q, which can be read, where it is not much longer. RFC 2047 §4 */
const wordOf = (text: string): string => {
  const octets = encoder.encode(text);
  const q = quoted(octets);
  const b = base64(octets);
  return q.length <= MAX_TEXT && 2 * q.length <= 3 * b.length
    ? `=?UTF-8?Q?${q}?=`
    : `=?UTF-8?B?${b}?=`;
};

/** `text` as encoded words, no character cut in two; a reader joins them without blanks. RFC 2047 §6.2 */
export const encodeWords = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = [];
  let part = "";
  let size = 0;
  for (const c of text) {
    const n = encoder.encode(c).length;
    if (size + n > MAX_OCTETS) {
      out.push(wordOf(part));
      part = "";
      size = 0;
    }
    part += c;
    size += n;
  }
  if (part !== "") out.push(wordOf(part));
  return out;
};

/** An encoded word, or text that cannot be distinguished from one. */
export const isEncodedWord = (s: string): boolean => /^=\?[^?\s]+\?[^?\s]+\?[^?\s]*\?=$/.test(s);

/**
 * Free text in pieces that a blank may part: words in ASCII as they are, runs of others encoded together with
 * the blanks between them. A reader drops the blanks between two encoded words, so that such a blank becomes
 * part of the second. RFC 2047 §6.2
 */
export const encodeText = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = [];
  let run: string | null = null;
  const flush = (behind: string): void => {
    if (run !== null) out.push(...encodeWords(run + behind));
    run = null;
  };
  for (const word of text.split(" ")) {
    const last = out.at(-1);
    if (word === "" && run !== null) run += " ";
    else if (word === "" && last !== undefined) out[out.length - 1] = `${last} `;
    else if (isAscii(word)) {
      flush(isEncodedWord(word) ? " " : "");
      out.push(word);
    } else if (run !== null) run += ` ${word}`;
    else run = last !== undefined && isEncodedWord(last) ? ` ${word}` : word;
  }
  flush("");
  return out;
};
