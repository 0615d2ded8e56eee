/** Converts a `[[domain]]`, each value valid by itself, to the model of discovery. */
import { parseDomainName } from "../../address/domain.ts";
import type { DkimKey, DomainSettings, ServerLists } from "../../discovery/offer.ts";
import {
  parseAddresses,
  parseCaa,
  parseMx,
  parsePlace,
  parseTlsa,
  parseWebUrl,
  reportUri,
} from "../values/domain.ts";
import type { DomainFile } from "../schema/domain.ts";

const ascii = (name: string): string => parseDomainName(name)?.ascii ?? name;

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
