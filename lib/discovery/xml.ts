/** Escapes text for XML and HTML, and drops characters that neither allows. */

/** Control characters, which XML 1.0 has no place for even escaped, and two that are no characters. */
const NO_CHAR = /(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For element content and quoted attribute values alike. */
export const escape = (text: string): string =>
  text.toWellFormed().replaceAll(NO_CHAR, "").replaceAll(/[&<>"']/g, (c) => ENTITIES[c] ?? c);

const NAMED: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

/** The five names that XML defines, and numbers of ASCII; null where anything else is referred to. */
export const unescape = (text: string): string | null => {
  let bad = false;
  const out = text.replaceAll(/&([^;&]{0,10};?)/g, (_, ref: string) => {
    const name = ref.slice(0, -1);
    const number = /^#(?:x([0-9a-f]{1,4})|([0-9]{1,4}))$/i.exec(name);
    const code = number === null
      ? NaN
      : parseInt(number[1] ?? number[2] ?? "", number[1] ? 16 : 10);
    const c = NAMED[name] ?? (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : null);
    if (c === null || !ref.endsWith(";")) bad = true;
    return c ?? "";
  });
  return bad ? null : out;
};

/** `<name>text</name>`, nested as given; the content is already markup. */
export const element = (
  name: string,
  content: string,
  attributes: Readonly<Record<string, string>> = {},
): string => {
  const list = Object.entries(attributes).map(([k, v]) => ` ${k}="${escape(v)}"`).join("");
  return `<${name}${list}>${content}</${name}>`;
};

/** An element with nothing but text. */
export const leaf = (
  name: string,
  text: string,
  attributes: Readonly<Record<string, string>> = {},
): string => element(name, escape(text), attributes);
