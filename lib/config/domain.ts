/** The values of a `[[domain]]` that are more than a word: records as a line of text. */
import { parseDomainName } from "../address/domain.ts";
import type { Caa, MailExchanger, ServerPlace, Tlsa } from "../discovery/offer.ts";
import { isIp, parseSocketAddress } from "./address.ts";

const ascii = (name: string): string => parseDomainName(name)?.ascii ?? name;

/** `mail.example.com`, `mail.example.com:993`, `mail.example.com:993 10 1`: priority and weight. RFC 2782 */
export const parsePlace = (text: string, port: number): ServerPlace | null => {
  const [at = "", ...figures] = text.split(" ");
  const address = parseSocketAddress(at, port);
  if (address === null) return null;
  const place = { host: ascii(address.host), port: address.port };
  if (figures.length === 0) return place;
  const [priority = "", weight = "", ...more] = figures;
  const good = [priority, weight].every((f) => /^\d{1,5}$/.test(f) && Number(f) <= 65535);
  return good && more.length === 0
    ? { ...place, priority: Number(priority), weight: Number(weight) }
    : null;
};

/** `10 mx.example.com`, `0 .` */
export const parseMx = (text: string): MailExchanger | null => {
  const [, number = "", host = ""] = /^(\d{1,5})\s+(\S+)$/.exec(text) ?? [];
  const name = host === "." ? "." : parseDomainName(host.replace(/\.$/, ""))?.ascii;
  if (name === undefined || Number(number) > 65535) return null;
  return { preference: Number(number), host: name };
};

/** `issue letsencrypt.org; accounturi=...`, `iodef mailto:...`, a number of flags before them. RFC 8659 §4.1 */
export const parseCaa = (text: string): Caa | null => {
  const [, flags = "0", tag, value] =
    /^(?:(\d{1,3})\s+)?(issue|issuewild|issuemail|iodef|contactemail)\s+([\x20-\x7e]+)$/.exec(
      text,
    ) ?? [];
  if (tag === undefined || value === undefined || Number(flags) > 255) return null;
  return { flags: Number(flags), tag, value };
};

/** `_25._tcp.mx.example.com 3 1 1 0123...` RFC 6698 §2.2 */
export const parseTlsa = (text: string): Tlsa | null => {
  const [, port = "", host = "", usage, selector, matching, hash = ""] =
    /^(_\d{1,5}\._(?:tcp|udp))\.(\S+)\s+([0-3])\s+([01])\s+([0-2])\s+([0-9A-Fa-f]+)$/.exec(text) ??
      [];
  const name = parseDomainName(host.replace(/\.$/, ""));
  const length = { "1": 64, "2": 128 }[matching ?? ""] ?? hash.length;
  if (name === null || hash.length !== length || hash.length % 2 !== 0) return null;
  return {
    owner: `${port}.${name.ascii}`,
    usage: Number(usage),
    selector: Number(selector),
    matching: Number(matching),
    certificate: hash.toLowerCase(),
  };
};

/** RFC 6376 §3.6.1 */
export const parseDkim = (text: string): string | null =>
  /^v=DKIM1;[\x20-\x7e]*\bp=[A-Za-z0-9+/=]*/.test(text) ? text : null;

export const parseAddresses = (
  addresses: ReadonlyArray<string>,
): ReadonlyArray<string> | null => addresses.every(isIp) ? addresses.map(canonical) : null;

/** RFC 5952 §4, by the parser that every runtime carries. */
const canonical = (address: string): string =>
  address.includes(":") ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;

/** Of a service over HTTPS. */
export const parseWebUrl = (
  text: string,
): { readonly host: string; readonly port: number; readonly path: string } | null => {
  if (!/^https:\/\/[^\s@?#\\]+$/.test(text)) return null;
  try {
    const u = new URL(text);
    const name = parseDomainName(u.hostname);
    if (name === null || !name.ascii.includes(".")) return null;
    return { host: name.ascii, port: u.port === "" ? 443 : Number(u.port), path: u.pathname };
  } catch {
    return null;
  }
};
