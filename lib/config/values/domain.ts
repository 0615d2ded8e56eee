/** Values of a `[[domain]]` with a grammar of their own: records as a line of text. */
import { parseDomainName } from "../../address/domain.ts";
import type { Caa, MailExchanger, ServerPlace, Tlsa } from "../../discovery/offer.ts";
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

/** RFC 8659 §4.2: `letsencrypt.org; accounturi=...`, `;` for nobody. Anything else forbids every issuer. */
const isIssuers = (value: string): boolean => {
  const [issuer = "", ...parameters] = value.split(";").map((p) => p.trim());
  const named = issuer === "" || parseDomainName(issuer, false) !== null;
  const last = parameters.length - 1;
  return named &&
    parameters.every((p, i) =>
      (p === "" && i === last) || /^[A-Za-z0-9]+\s*=\s*[\x21-\x3a\x3c-\x7e]*$/.test(p)
    );
};

/** What the values of a tag look like. RFC 8659 §4.4, CAA security extensions of RFC 8657 included */
const CAA_VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  issue: isIssuers,
  issuewild: isIssuers,
  issuemail: isIssuers,
  iodef: (v) => /^(?:mailto:[^\s@]+@[^\s@]+|https?:\/\/\S+)$/.test(v),
  contactemail: (v) => /^[^\s@:]+@[^\s@]+$/.test(v),
};

/** As it stands in a master file: quotes around the whole are not part of it; quotes inside are a mistake. */
const unquoted = (text: string): string | null => {
  const bare = text.length > 1 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).trim()
    : text;
  return bare === "" || bare.includes('"') ? null : bare;
};

/** `issue letsencrypt.org; accounturi=...`, `iodef mailto:...`, a number of flags before them. RFC 8659 §4.1 */
export const parseCaa = (text: string): Caa | null => {
  const [, flags = "0", name, rest] = /^(?:(\d{1,3})\s+)?([A-Za-z]+)\s+([\x20-\x7e]+)$/
    .exec(text.trim()) ?? [];
  const tag = name?.toLowerCase() ?? "";
  const value = unquoted(rest ?? "");
  if (value === null || CAA_VALUES[tag]?.(value) !== true || Number(flags) > 255) return null;
  return { flags: Number(flags), tag, value };
};

/** What separates the URIs and tags of a TLSRPT record does not stand in one of them. RFC 8460 §3 */
export const reportUri = (uri: string): string => uri.replaceAll(";", "%3B");

/** A text that was taken over from a master file with the quotes of its strings. */
export const keepsQuotes = (text: string): boolean => text.includes('" "') || text.endsWith('"');

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
  /^v=DKIM1;[\x20-\x7e]*\bp=[A-Za-z0-9+/=]*/.test(text) && !text.includes('"') ? text : null;

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
