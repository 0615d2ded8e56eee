/** Patterns of addresses in grants: one address, all below one, or a whole domain. No regular expressions. */
import { domainKey, type DomainName, parseDomainName } from "./domain.ts";
import { type Mailbox, printLocal, printMailbox } from "./mailbox.ts";
import { parseMailbox } from "./path.ts";
import type { Comparison } from "./local_rules.ts";

/** What a grant may name: one address, a user with every detail, or a whole domain. */
export type AddressPattern =
  /** `sales@example.net` */
  | { readonly _tag: "Exact"; readonly mailbox: Mailbox }
  /** `sales+*@example.net`: every detail, not the address itself. RFC 5233 §4 */
  | { readonly _tag: "Below"; readonly user: Mailbox; readonly separator: string }
  /** `*@example.net`: every address but those of roles. RFC 2142 §5, §4 */
  | { readonly _tag: "Domain"; readonly domain: DomainName };

const SEPARATED = /^(.+)([+._=#-])\*$/;

/** Reads a pattern; null where it is none. A `*` anywhere else is refused, since it would not do what it says. */
export const parsePattern = (text: string): AddressPattern | null => {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(0, at));
  if (!local.includes("*")) {
    const mailbox = parseMailbox(text);
    return mailbox === null ? null : { _tag: "Exact", mailbox };
  }
  if (local === "*") {
    const domain = parseDomainName(text.slice(at + 1));
    return domain === null ? null : { _tag: "Domain", domain };
  }
  const [, user = "", separator = ""] = SEPARATED.exec(local) ?? [];
  if (separator === "" || user.includes("*")) return null;
  const mailbox = parseMailbox(`${user}${text.slice(at)}`);
  return mailbox === null ? null : { _tag: "Below", user: mailbox, separator };
};

export const printPattern = (p: AddressPattern): string => {
  switch (p._tag) {
    case "Exact":
      return printMailbox(p.mailbox);
    case "Below":
      return `${printLocal(p.user.local)}${p.separator}*@${p.user.domain.text}`;
    case "Domain":
      return `*@${p.domain.text}`;
  }
};

/** Addresses that a domain's operator is expected to answer. RFC 2142 §4, §5 */
const ROLES: ReadonlySet<string> = new Set(["postmaster", "abuse"]);

/** `roles`: a domain's pattern covers postmaster and abuse too, as it does for recipients. */
export const matcher = (
  p: AddressPattern,
  c: Comparison,
  roles = false,
): (m: Mailbox) => boolean => {
  switch (p._tag) {
    case "Exact": {
      const key = c.key(p.mailbox);
      return (m) => c.key(m) === key;
    }
    case "Below": {
      const below = c.key({ ...p.user, local: `${p.user.local}${p.separator}` });
      const domain = domainKey(p.user.domain);
      const prefix = below.slice(0, -domain.length - 1);
      return (m) => {
        if (domainKey(m.domain) !== domain) return false;
        const key = c.key(m);
        return key.startsWith(prefix) && key.length > below.length;
      };
    }
    case "Domain": {
      const domain = p.domain.ascii;
      return (m) => domainKey(m.domain) === domain && (roles || !ROLES.has(m.local.toLowerCase()));
    }
  }
};
