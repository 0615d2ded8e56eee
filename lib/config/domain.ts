/** The values of a `[[domain]]` that are more than a word: records as a line of text. */
import { parseDomainName } from "../address/domain.ts";
import type {
  Caa,
  DkimKey,
  DomainSettings,
  MailExchanger,
  ServerLists,
  ServerPlace,
  Tlsa,
} from "../discovery/offer.ts";
import { isIp, parseSocketAddress } from "./address.ts";
import type { DomainFile } from "./schema_domain.ts";

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
const reportUri = (uri: string): string => uri.replaceAll(";", "%3B");

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

const LISTS = ["submissions", "submission", "imaps", "imap", "pop3s", "pop3", "sieve"] as const;
const PORTS: Readonly<Record<(typeof LISTS)[number], number>> = {
  submissions: 465,
  submission: 587,
  imaps: 993,
  imap: 143,
  pop3s: 995,
  pop3: 110,
  sieve: 4190,
};

const URLS = { jmap: "_jmap._tcp", caldav: "_caldavs._tcp", carddav: "_carddavs._tcp" } as const;

const serversOf = (d: DomainFile): ServerLists => {
  const out: Record<string, NonNullable<ServerLists[string]>> = {};
  for (const key of LISTS) {
    const places = d[key];
    if (places === undefined) continue;
    out[`_${key}._tcp`] = places.flatMap((p) => parsePlace(p, PORTS[key]) ?? []);
  }
  for (const key of ["jmap", "caldav", "carddav"] as const) {
    const at = d[key] === undefined ? null : parseWebUrl(d[key]);
    if (at !== null) out[URLS[key]] = [{ host: at.host, port: at.port }];
  }
  return out;
};

const pathsOf = (d: DomainFile): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (["jmap", "caldav", "carddav"] as const).flatMap((key) => {
      const at = d[key] === undefined ? null : parseWebUrl(d[key]);
      return at === null ? [] : [[URLS[key], at.path]];
    }),
  );

/** As the model wants it. What is not said stays undefined. */
export const domainSettings = (d: DomainFile): DomainSettings & { readonly host?: string } => {
  const mx = d.mx.flatMap((m) => parseMx(m) ?? []);
  return {
    domain: ascii(d.name),
    name: d.display_name,
    shortName: d.short_name ?? d.display_name?.slice(0, 20),
    ...(d.host === undefined ? {} : { host: ascii(d.host) }),
    servers: serversOf(d),
    paths: pathsOf(d),
    auth: d.auth,
    username: d.username,
    oauthIssuer: d.oauth_issuer,
    documentation: d.documentation,
    web: d.web === undefined ? undefined : ascii(d.web),
    hosts: Object.entries(d.addresses ?? {}).map(([host, addresses]) => ({
      host: ascii(host),
      addresses: parseAddresses(addresses) ?? [],
    })),
    mx,
    spf: d.spf,
    dmarc: d.dmarc,
    dkim: Object.entries(d.dkim ?? {}).map(([selector, value]): DkimKey => ({
      selector: selector.toLowerCase(),
      value,
    })),
    mtaSts: d.mta_sts === undefined ? undefined : {
      mode: d.mta_sts,
      mx: mx.map((m) => m.host),
      maxAgeSeconds: d.mta_sts_days * 86_400,
    },
    tlsReports: d.tls_reports.map(reportUri),
    caa: d.caa.flatMap((c) => parseCaa(c) ?? []),
    tlsa: d.tlsa.flatMap((t) => parseTlsa(t) ?? []),
    pacc: d.pacc,
    compat: {
      smtps: d.compat.includes("smtps"),
      mailconf: d.compat.includes("mailconf"),
      autodiscover: d.compat.includes("autodiscover"),
    },
    ttl: d.ttl_seconds,
  };
};
