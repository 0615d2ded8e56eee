/**
 * A mailbox: local part and domain, after quoting was taken off. RFC 5321 §4.1.2
 *
 * The value holds what the address means; `printMailbox` writes it with the least quoting.
 */
import { type Domain, domainKey, isAscii } from "./domain.ts";

/** An address without a display name: local part and domain. RFC 5321 §4.1.2 */
export interface Mailbox {
  /** Without quotes and quoted-pairs; case and octets as given. */
  readonly local: string;
  readonly domain: Domain;
}

/** A dot-string local part; U+0080 and above are atext with SMTPUTF8. RFC 5321 §4.1.2, RFC 6531 §3.3 */
const DOT_STRING =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+)*$/u;

/** The local part as it is written: quoted only where it must be. RFC 5321 §4.1.2 */
export const printLocal = (local: string): string =>
  DOT_STRING.test(local) ? local : `"${local.replace(/[\\"]/g, "\\$&")}"`;

/** `local@domain` with the domain as it was written. */
export const printMailbox = (m: Mailbox): string => `${printLocal(m.local)}@${m.domain.text}`;

/** `local@domain` with the domain in A-labels, which is what goes out without SMTPUTF8. RFC 6531 §3.2 */
export const printMailboxAscii = (m: Mailbox): string =>
  `${printLocal(m.local)}@${
    m.domain._tag === "Name" && !isAscii(m.domain.text) ? m.domain.ascii : m.domain.text
  }`;

/**
 * The same mailbox: domains as A-labels without case, local parts to the octet. What a *local*
 * domain does with case is the business of the rights policy. RFC 5321 §2.4
 */
export const same = (a: Mailbox, b: Mailbox): boolean =>
  a.local === b.local && domainKey(a.domain) === domainKey(b.domain);

/** True where the address can go where SMTPUTF8 is not offered. RFC 6531 §3.2 */
export const asciiMailbox = (m: Mailbox): boolean => isAscii(m.local);

/** In ASCII where it can be. RFC 6531 §3.2 */
export const printWire = (m: Mailbox): string =>
  asciiMailbox(m) ? printMailboxAscii(m) : printMailbox(m);
