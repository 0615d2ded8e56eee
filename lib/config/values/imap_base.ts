/** The base of an IMAP URL, without path or login. RFC 5092 §3 */
import { parseSocketAddress } from "./address.ts";

type Scheme = "imap" | "imaps";

const PORTS: Readonly<Record<Scheme, number>> = { imap: 143, imaps: 993 };

export interface ImapBase {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

/** `imap://host:port`, with nothing behind it; null where it is not. */
export const parseImapBase = (text: string, schemes: ReadonlyArray<Scheme>): ImapBase | null => {
  for (const scheme of schemes) {
    if (!text.startsWith(`${scheme}://`)) continue;
    const rest = text.slice(scheme.length + 3).replace(/\/$/, "");
    const at = parseSocketAddress(rest, PORTS[scheme]);
    // it stands in EHLO
    return at === null || !/^[\x21-\x7e]+$/.test(rest) ? null : { scheme, ...at };
  }
  return null;
};
