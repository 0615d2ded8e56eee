/** The grammar of a route's `from`. */
import { domainKey } from "../../address/domain.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Party } from "../../ports/routes.ts";
import { patternKey } from "./pattern.ts";

/** An address, a domain, `*.example.net` or `<>`; null where it is none of them. */
export const parseSenderCondition = (text: string): Party | null => {
  if (text === "<>") return { _tag: "Null" };
  if (text.includes("@")) {
    const mailbox = parseMailbox(text);
    return mailbox === null
      ? null
      : { _tag: "Address", local: mailbox.local, domain: domainKey(mailbox.domain) };
  }
  const pattern = patternKey(text);
  if (pattern === null || pattern === "*" || pattern === "[*]") return null;
  const below = pattern.startsWith("*.");
  return { _tag: "Domain", domain: below ? pattern.slice(2) : pattern, below };
};
