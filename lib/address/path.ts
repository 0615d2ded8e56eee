/**
 * Paths of MAIL and RCPT, and mailboxes written alone (configuration, command line). RFC 5321 §4.1.2
 *
 * One pass over the text, no backtracking. Source routes are read and dropped (RFC 5321 §4.1.1.3).
 */
import { isAscii, parseDomainName, parseLiteral } from "./domain.ts";
import type { Mailbox } from "./mailbox.ts";

/** What a path can be besides a mailbox: `<>` and `<Postmaster>`. RFC 5321 §4.1.1.2, §4.1.1.3 */
export type PathResult =
  | { readonly _tag: "Mailbox"; readonly mailbox: Mailbox }
  | { readonly _tag: "Null" }
  | { readonly _tag: "Postmaster" }
  | { readonly _tag: "Invalid" }
  /** Would be valid with SMTPUTF8. RFC 6531 §3.5 */
  | { readonly _tag: "NeedsUtf8" };

/** What follows the path, parameters in the main. */
export type PathAndRest = PathResult & { readonly rest: string };

const MAX_LOCAL = 64;
const MAX_DOMAIN = 255;
/** With its angle brackets. RFC 5321 §4.5.3.1.3 */
const MAX_PATH = 256;

const encoder = new TextEncoder();
/** Limits count octets. RFC 6531 §3.7.1 changes no limit */
const octets = (s: string): number => isAscii(s) ? s.length : encoder.encode(s).length;

const isAtext = (c: number): boolean =>
  (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) ||
  (c >= 0x30 && c <= 0x39) || c >= 0x80 ||
  c === 0x21 || (c >= 0x23 && c <= 0x27) || c === 0x2a || c === 0x2b || c === 0x2d ||
  c === 0x2f || c === 0x3d || c === 0x3f || (c >= 0x5e && c <= 0x60) || (c >= 0x7b && c <= 0x7e);

/** Reads a local part at `at`; null where there is none. The value is unquoted. */
const readLocal = (
  s: string,
  at: number,
): { readonly local: string; readonly end: number } | null => {
  if (s.charCodeAt(at) === 0x22) {
    let local = "";
    for (let i = at + 1; i < s.length; i++) {
      const c = s.charCodeAt(i);
      if (c === 0x22) return local.length === 0 ? null : { local, end: i + 1 };
      if (c === 0x5c) {
        const quoted = s.charCodeAt(++i);
        if (!(quoted >= 0x20 && quoted <= 0x7e)) return null;
        local += s[i];
      } else if (c >= 0x20 && c !== 0x7f) local += s[i];
      else return null;
    }
    return null;
  }
  let i = at;
  let atomStart = at;
  for (; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c === 0x2e) {
      if (i === atomStart) return null;
      atomStart = i + 1;
    } else if (!isAtext(c)) break;
  }
  return i === atomStart ? null : { local: s.slice(at, i), end: i };
};

/** Reads a domain or literal up to `>` or the end of the text. */
const readDomain = (s: string, at: number): { readonly text: string; readonly end: number } => {
  let end = at;
  if (s[at] === "[") {
    const close = s.indexOf("]", at);
    return close < 0 ? { text: "", end: at } : { text: s.slice(at, close + 1), end: close + 1 };
  }
  while (end < s.length && s[end] !== ">" && s[end] !== " " && s[end] !== "," && s[end] !== ":") {
    end++;
  }
  return { text: s.slice(at, end), end };
};

const readMailbox = (
  s: string,
  at: number,
): { readonly mailbox: Mailbox; readonly end: number } | null => {
  const l = readLocal(s, at);
  if (l === null || s[l.end] !== "@" || octets(l.local) > MAX_LOCAL) return null;
  const d = readDomain(s, l.end + 1);
  if (d.text.length === 0 || octets(d.text) > MAX_DOMAIN) return null;
  const domain = d.text[0] === "[" ? parseLiteral(d.text) : parseDomainName(d.text);
  return domain === null ? null : { mailbox: { local: l.local, domain }, end: d.end };
};

/** The end of a source route `@a,@b:`, `at` where there is none, -1 where it is broken. */
const skipRoute = (s: string, at: number): number => {
  let i = at;
  while (s[i] === "@") {
    const d = readDomain(s, i + 1);
    if (parseDomainName(d.text) === null && parseLiteral(d.text) === null) return -1;
    i = d.end;
    if (s[i] === ":") return i + 1;
    if (s[i] !== ",") return -1;
    i++;
  }
  return i === at ? at : -1;
};

const invalid = { _tag: "Invalid", rest: "" } as const;

/**
 * `<path>` at the start of `s` (blanks before it are tolerated) and what follows it.
 *
 * `utf8`: the command carried SMTPUTF8. Local part at most 64 octets, domain 255, path 256.
 * RFC 5321 §3.3, §4.1.2, §4.5.3.1
 */
export const readPath = (s: string, utf8: boolean): PathAndRest => {
  let at = 0;
  while (s[at] === " ") at++;
  if (s[at] !== "<") return invalid;
  const start = at++;
  if (s[at] === ">") return { _tag: "Null", rest: s.slice(at + 1) };
  if (s.slice(at, at + 11).toLowerCase() === "postmaster>") {
    return { _tag: "Postmaster", rest: s.slice(at + 11) };
  }
  const from = skipRoute(s, at);
  if (from < 0) return invalid;
  const m = readMailbox(s, from);
  if (m === null || s[m.end] !== ">") return invalid;
  const path = s.slice(start, m.end + 1);
  if (octets(path) > MAX_PATH) return invalid;
  const rest = s.slice(m.end + 1);
  return !utf8 && !isAscii(path)
    ? { _tag: "NeedsUtf8", rest }
    : { _tag: "Mailbox", mailbox: m.mailbox, rest };
};

/** A mailbox that is the whole text, as in configuration and on the command line; null where it is none. */
export const parseMailbox = (text: string): Mailbox | null => {
  const m = readMailbox(text, 0);
  return m !== null && m.end === text.length ? m.mailbox : null;
};
