/** Host names out of foreign documents: names that can be connected to, and nothing else. */
import { fullyQualified, parseDomainName } from "../../address/domain.ts";

/**
 * A-labels in lower case; null where it is no fully qualified name: addresses, ports and what would be read as
 * something else are refused. Placeholders are not expanded in names of hosts, which would tell them the address.
 */
export const hostName = (text: string): string | null => {
  const name = parseDomainName(text.trim().replace(/\.$/, ""));
  if (name === null || !fullyQualified(name)) return null;
  // the last label of a name is not a number: that is an address in one of its many spellings. RFC 1123 §2.1
  return /(^|\.)(0x[0-9a-f]*|[0-9]+)$/.test(name.ascii) ? null : name.ascii;
};
