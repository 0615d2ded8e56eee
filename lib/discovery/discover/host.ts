/** Host names from foreign documents: only names that can be connected to. */
import { fullyQualified, parseDomainName } from "../../address/domain.ts";

/**
 * A-labels in lower case; null where it is no fully qualified name: addresses, ports and what would be read as
 * something else are refused.
 */
export const hostName = (text: string): string | null => {
  const name = parseDomainName(text.trim().replace(/\.$/, ""));
  if (name === null || !fullyQualified(name)) return null;
  // the last label of a name is not a number: that is an address in one of its many spellings. RFC 1123 §2.1
  return /(^|\.)(0x[0-9a-f]*|[0-9]+)$/.test(name.ascii) ? null : name.ascii;
};

export interface WebPlace {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** A name in a URL may end in the dot of the root, which neither SNI nor certificates know. RFC 6066 §3 */
export const withoutRoot = (url: URL): URL => {
  const out = new URL(url);
  out.hostname = out.hostname.replace(/\.$/, "");
  return out;
};

/** Where a web service out of a foreign document stands; null unless it is https, at a name, and without a password. */
export const webPlace = (text: string): WebPlace | null => {
  if (!URL.canParse(text)) return null;
  const url = withoutRoot(new URL(text));
  const host = hostName(url.hostname);
  if (host === null || url.protocol !== "https:" || `${url.username}${url.password}` !== "") {
    return null;
  }
  return { host, port: url.port === "" ? 443 : Number(url.port), url: url.href };
};
