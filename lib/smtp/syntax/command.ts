/** A command line as verb and argument. The argument is parsed later, behind the gates. RFC 5321 §2.4, §4.1.1 */

/** Known verbs, implemented or not. */
export const VERBS = [
  "EHLO",
  "HELO",
  "MAIL",
  "RCPT",
  "DATA",
  "RSET",
  "NOOP",
  "QUIT",
  "VRFY",
  "HELP",
  "STARTTLS",
  "AUTH",
  "EXPN",
  "SEND",
  "SOML",
  "SAML",
  "TURN",
  "ETRN",
  "ATRN",
  "BDAT",
  "BURL",
  "XCLIENT",
  "GET",
  "POST",
  "PUT",
  "CONNECT",
] as const;
/** The verb of a command that is known, implemented or not. */
export type Verb = typeof VERBS[number];

export interface Command {
  /** Null: not known. */
  readonly verb: Verb | null;
  /** What follows the verb and one blank, without trailing white space. */
  readonly argument: string;
}

const known: ReadonlyMap<string, Verb> = new Map(VERBS.map((v) => [v, v]));

/** Some letters beyond ASCII have an ASCII letter for upper case (U+0131, U+017F): they are no verb. */
const upper = (s: string): string => s.replace(/[a-z]+/g, (ascii) => ascii.toUpperCase());

/** Splits a line; verbs in any case, trailing white space tolerated. RFC 5321 §4.1.1 */
export const readCommand = (line: string): Command => {
  const blank = line.indexOf(" ");
  const text = blank < 0 ? line.trimEnd() : line.slice(0, blank);
  return {
    verb: known.get(text) ?? known.get(upper(text)) ?? null,
    argument: blank < 0 ? "" : line.slice(blank + 1).trimEnd(),
  };
};

/**
 * The argument of EHLO in printable ASCII: what is not ASCII as `\x{DC}`, by its code point or its octet. A Windows
 * machine calls itself what its owner called it, and that is no reason to refuse it. RFC 5321 §4.1.4, RFC 6533 §3
 */
export const escapeName = (argument: string): string =>
  argument.replace(
    /[^\0-\x7f]/gu,
    (c) => `\\x{${c.codePointAt(0)!.toString(16).toUpperCase().padStart(2, "0")}}`,
  );

export interface Parameter {
  /** In upper case. */
  readonly name: string;
  readonly value: string | null;
}

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

const esmtpValue = (s: string): boolean => {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c <= 0x20 || c === 0x3d || c === 0x7f) return false;
  }
  return s.length > 0;
};

/** `rest` of a MAIL or RCPT behind the path: ` NAME[=value]`...; null where it is malformed. RFC 5321 §4.1.2 */
export const readParameters = (rest: string): ReadonlyArray<Parameter> | null => {
  if (rest === "") return [];
  if (rest[0] !== " ") return null;
  const out: Array<Parameter> = [];
  for (const word of rest.split(" ")) {
    if (word === "") continue;
    const eq = word.indexOf("=");
    const name = eq < 0 ? word : word.slice(0, eq);
    const value = eq < 0 ? null : word.slice(eq + 1);
    if (!KEYWORD.test(name) || (value !== null && !esmtpValue(value))) return null;
    out.push({ name: name.toUpperCase(), value });
  }
  return out;
};
