/**
 * The Received field that this server puts on top. RFC 5321 §4.4
 *
 * Text of a peer enters only where the grammar has a place for it, so that no peer can inject header fields.
 */
import { parseDomainName, parseLiteral } from "../address/domain.ts";
import { asciiMailbox, type Mailbox, printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import type { Field } from "./header.ts";
import { encodeUtf8 } from "./text.ts";
import { makeFolded } from "./write.ts";

/**
 * `redacted` says nothing of the client; `full` its EHLO name and address; `sealed` the same and the account, in
 * a token that only the site can open. RFC 5321 §7.6
 */
export type ReceivedMode = "redacted" | "full" | "sealed";

/** The part of a session that Received shows. */
export interface Client {
  /** Textual IP address. */
  readonly clientAddress: string;
  /** Argument of EHLO or HELO, not to be trusted. */
  readonly helo: string;
  /** EHLO rather than HELO. */
  readonly extended: boolean;
  readonly tls: { readonly cipher: string } | null;
}

export interface ReceivedFacts {
  readonly mode: ReceivedMode;
  /** The token of `sealed`; null in other modes. */
  readonly token?: string | null;
  readonly session: Client;
  /** Our own name: A-labels, fully qualified. */
  readonly hostname: string;
  /** Letters and digits. */
  readonly id: string;
  /** Somebody signed in by AUTH. RFC 3848 */
  readonly authenticated: boolean;
  /** MAIL had SMTPUTF8. */
  readonly utf8: boolean;
  /** The recipient where there is just one; null else, so that none learns of another. RFC 5321 §7.2 */
  readonly onlyRecipient: Mailbox | null;
  /** MT-PRIORITY; absent where none was asked for. RFC 6710 §5 */
  readonly priority?: number;
  /** See `formatDate`. */
  readonly date: string;
}

/** RFC 3848, RFC 6531 §4.3 */
export const protocolName = (
  f: Pick<ReceivedFacts, "session" | "authenticated" | "utf8">,
): string => {
  const tail = `${f.session.tls === null ? "" : "S"}${f.authenticated ? "A" : ""}`;
  if (f.utf8) return `UTF8SMTP${tail}`;
  return f.session.extended ? `ESMTP${tail}` : "SMTP";
};

/** The client's address as a literal; null where it is no IP address. RFC 5321 §4.1.3 */
const addressLiteral = (address: string): string | null => {
  const bare = address.split("%", 1)[0] ?? "";
  const text = bare.includes(":") ? `[IPv6:${bare}]` : `[${bare}]`;
  return parseLiteral(text) === null ? null : text;
};

/** A comment, in pieces that may be folded. */
const sealedClause = (token: string): ReadonlyArray<string> => {
  const pieces = token.match(/[A-Za-z0-9_-]{1,64}/g) ?? [];
  return ["from submission.invalid", "(sealed", ...pieces].with(-1, `${pieces.at(-1) ?? ""})`);
};

/** RFC 5321 §4.1.4: a name that is none is not repeated, and one that is merely not ASCII stands in a comment. */
const fromClause = (mode: ReceivedMode, session: Client): string => {
  const literal = mode === "full" ? addressLiteral(session.clientAddress) : null;
  if (literal === null) return "from submission.invalid";
  const { helo } = session;
  const name = parseDomainName(helo, false) !== null || parseLiteral(helo) !== null ? helo : null;
  if (name !== null) return `from ${name} (${literal})`;
  const escaped = helo.length <= 200 && helo.includes("\\x{") && ESCAPED.test(helo);
  return escaped ? `from ${literal} (${helo.replaceAll("\\", "\\\\")})` : `from ${literal}`;
};

/** A host's name with characters beyond ASCII, as `escapeName` writes it. A backslash is doubled in a comment. */
const ESCAPED = /^(?:[A-Za-z0-9._-]|\\x\{[0-9A-F]{2,6}\})+$/;

/** Letters, digits, `_` and `-`: the name of a cipher suite, and nothing else. RFC 8314 §4.3 */
const CIPHER = /^[A-Za-z0-9_-]{1,80}$/;

/** `Received: from .. by .. with .. id .. [for ..] [tls ..]; date`, folded. RFC 5321 §4.4, RFC 8314 §4.3 */
export const makeReceived = (f: ReceivedFacts): Field => {
  const clauses = [
    ...(f.mode === "sealed" && f.token !== undefined && f.token !== null
      ? sealedClause(f.token)
      : [fromClause(f.mode, f.session)]),
    `by ${f.hostname}`,
    `with ${protocolName(f)}`,
    `id ${f.id}`,
  ];
  const to = f.onlyRecipient;
  if (to !== null && (f.utf8 || asciiMailbox(to))) {
    const address = f.utf8 ? encodeUtf8(printMailbox(to)) : printMailboxAscii(to);
    clauses.push(`for <${address}>`);
  }
  const cipher = f.session.tls?.cipher;
  if (cipher !== undefined && CIPHER.test(cipher)) clauses.push(`tls ${cipher}`);
  if (f.priority !== undefined) clauses.push(`priority ${f.priority}`);
  clauses[clauses.length - 1] += ";";
  clauses.push(f.date);
  return makeFolded("Received", clauses);
};
