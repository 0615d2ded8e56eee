/**
 * Passwords that whoever guesses would try first. NIST SP 800-63B §3.1.1.2: a least length, and a list of what is
 * common; no rules on kinds of characters.
 */
import type { Mailbox } from "../../address/mailbox.ts";

/** NIST SP 800-63B: eight characters at least. */
export const LEAST_LENGTH = 8;

/** Of the lists of leaked passwords, the most common that are long enough to need a list. */
// deno-fmt-ignore
const COMMON: ReadonlySet<string> = new Set([
  "password", "password1", "password12", "password123", "password1234", "passw0rd", "p@ssw0rd",
  "p@ssword", "12345678", "123456789", "1234567890", "0123456789", "0987654321", "987654321",
  "87654321", "123123123", "12341234", "11223344", "123454321", "1q2w3e4r", "1q2w3e4r5t",
  "1qaz2wsx", "qwertyui", "qwertyuiop", "qwerty12", "qwerty123", "qwerty1234", "qwertz123",
  "asdfghjk", "asdfghjkl", "asdf1234", "zxcvbnm1", "abcd1234", "abc12345", "abc123456",
  "iloveyou", "iloveyou1", "sunshine", "princess", "football", "baseball", "superman",
  "starwars", "computer", "trustno1", "whatever", "michelle", "jennifer", "charlie1",
  "letmein1", "letmein123", "welcome1", "welcome12", "welcome123", "admin123", "admin1234",
  "administrator", "changeme", "changeme1", "changeme123", "changeit", "secret123",
  "internet", "internet1", "samsung1", "liverpool", "passwort", "passwort1", "passwort123",
  "hallo123", "schalke04", "azertyuiop", "motdepasse", "contraseña", "default1", "postmaster",
  "mailserver",
]);

/** Why `password` is no good for the account with `addresses`; null where it may be used. */
export const weakness = (
  password: string,
  addresses: ReadonlyArray<Mailbox>,
  least: number,
): string | null => {
  const length = [...password].length;
  if (length < least) {
    return `it has ${length} ${
      length === 1 ? "character" : "characters"
    }, and needs at least ${least}`;
  }
  const text = password.toLowerCase();
  for (const { local, domain } of addresses) {
    const login = `${local}@${domain.text}`.toLowerCase();
    if ([login, local.toLowerCase(), domain.text.toLowerCase()].includes(text)) {
      return "it is the login, or a part of it";
    }
  }
  if (COMMON.has(text)) return "it is one of the most common passwords, which are tried first";
  const [first = ""] = text;
  return text === first.repeat(text.length) ? "it is one character over and over" : null;
};
