/** Fields that never leave this server. Every decision on a header ignores them. */
import { type Field, unfolded } from "./header.ts";
import { Lexer } from "./lexer.ts";

/** Bcc and Resent-Bcc. RFC 5322 §3.6.3, §3.6.6 */
export const isBcc = (f: Field): boolean => f.key === "bcc" || f.key === "resent-bcc";

/** Return-Path, which is written at final delivery. RFC 5321 §4.4 */
export const isReturnPath = (f: Field): boolean => f.key === "return-path";

/** A verdict in the name of `hostname`, which did not write it. RFC 8601 §5 */
export const isForgedResult = (f: Field, hostname: string): boolean =>
  f.key === "authentication-results" && authserv(f) === hostname.toLowerCase();

export const neverSent = (f: Field, hostname: string): boolean =>
  isBcc(f) || isReturnPath(f) || isForgedResult(f, hostname);

/** First word of the value, comments and quotes aside, in lower case. RFC 8601 §2.2 */
const authserv = (f: Field): string => {
  const lex = new Lexer(unfolded(f));
  const kind = lex.next();
  return kind === "Atom" || kind === "Quoted" ? lex.text.toLowerCase() : "";
};
