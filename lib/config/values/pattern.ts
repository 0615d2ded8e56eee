/** The grammar of a route's `to`. */
import { domainKey, parseDomainName } from "../../address/domain.ts";
import { printMailboxAscii } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";

/** An address, `*`, `[*]`, `*.name` or a name, domains as lower-case A-labels; null where it is none. */
export const patternKey = (to: string): string | null => {
  if (to === "*" || to === "[*]") return to;
  if (to.includes("@")) return addressKey(to);
  const wild = to.startsWith("*.");
  const name = parseDomainName(wild ? to.slice(2) : to);
  return name === null ? null : wild ? `*.${name.ascii}` : name.ascii;
};

const addressKey = (to: string): string | null => {
  const mailbox = parseMailbox(to);
  if (mailbox === null) return null;
  const text = printMailboxAscii(mailbox);
  return `${text.slice(0, text.lastIndexOf("@"))}@${domainKey(mailbox.domain)}`;
};
