/** `[[alias]]` and `[[rewrite]]`: aliases and rewritten addresses, in own domains only. RFC 6409 §8.7, §8.8 */
import { z } from "zod";
import { fullyQualified, parseDomainName } from "../../address/domain.ts";
import { parseMailbox } from "../../address/path.ts";
import { parsePattern } from "../../address/pattern.ts";

const address = z.string().refine((s) => {
  const m = parseMailbox(s);
  return m !== null && m.domain._tag === "Name" && fullyQualified(m.domain);
}, { error: 'must be an address, such as "team@example.net"' });

const pattern = z.string().refine((s) => {
  const p = parsePattern(s);
  return p !== null && p._tag !== "Below";
}, { error: 'must be "user@domain" or "*@domain"' });

export const alias = z.strictObject({
  address: address.describe("Address that stands for others, in a local domain"),
  to: z.array(address).min(1).describe("Where mail to it goes instead"),
});

export const rewrite = z.strictObject({
  address: pattern.describe("user@domain or *@domain, of a local domain"),
  to: pattern.describe("What it becomes: user@domain for an address, *@domain for a domain"),
  where: z.array(z.enum(["sender", "recipients", "header"])).min(1).default([
    "sender",
    "recipients",
    "header",
  ]).describe("In MAIL FROM, in RCPT TO, in the address fields of the header"),
}).refine((r) => r.address.startsWith("*@") === r.to.startsWith("*@"), {
  error: "to must be *@domain where address is, and an address where that is one",
  path: ["to"],
});

/** The domain of an address or a pattern. */
export const domainOf = (text: string): string | null =>
  parseDomainName(text.slice(text.lastIndexOf("@") + 1))?.ascii ?? null;
