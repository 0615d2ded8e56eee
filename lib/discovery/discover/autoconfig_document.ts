/** The configuration file of Thunderbird, read with tolerance. draft-ietf-mailmaint-autoconfig-06, docs/design/autodiscovery.md §4 */
import type { Auth, Kind, Security } from "../service.ts";
import { hostName, webPlace } from "./host.ts";
import { childrenOf, type Element, parseXml, textAt } from "./xml.ts";

/** Server sections that are read of one document. AC-18 */
const MAX_SERVERS = 64;

export interface DocumentServer {
  readonly kind: Kind;
  readonly tls: Security;
  readonly host: string;
  readonly port: number;
  readonly url: string | null;
  readonly username: string | null;
  readonly auth: ReadonlyArray<Auth>;
}

export interface AutoconfigDocument {
  readonly domains: ReadonlyArray<string>;
  readonly name: string | null;
  readonly servers: ReadonlyArray<DocumentServer>;
  /** Sections that were left out, and why: strict clients refuse the whole file. AC-7 */
  readonly faults: ReadonlyArray<string>;
}

const AUTH: Readonly<Record<string, Auth>> = {
  "password-cleartext": "password",
  "plain": "password", // of files older than version 1.1
  "password-encrypted": "encrypted",
  "secure": "encrypted",
  "NTLM": "ntlm",
  "GSSAPI": "gssapi",
  "TLS-client-cert": "certificate",
  "OAuth2": "oauth2",
  "none": "none",
  "client-IP-address": "address",
  "Basic": "password",
  "Digest": "encrypted",
};

/** Mechanisms by their SASL names. AC-10 */
const sasl = (name: string): Auth | null =>
  /^(PLAIN|LOGIN)$/i.test(name)
    ? "password"
    : /^SCRAM-/i.test(name)
    ? "scram"
    : /^(CRAM-|DIGEST-)/i.test(name)
    ? "encrypted"
    : /^(OAUTHBEARER|XOAUTH2)$/i.test(name)
    ? "oauth2"
    : /^EXTERNAL$/i.test(name)
    ? "certificate"
    : /^GS/i.test(name)
    ? "gssapi"
    : null;

const authOf = (server: Element): ReadonlyArray<Auth> => [
  ...new Set(
    childrenOf(server, "authentication").flatMap((a) =>
      (a.attributes["system"] === "sasl" ? sasl(a.text) : AUTH[a.text]) ?? []
    ),
  ),
];

const TLS: Readonly<Record<string, Security>> = {
  SSL: "implicit",
  STARTTLS: "starttls",
  plain: "none",
};

const TCP_KINDS: Readonly<Record<string, Kind>> = {
  imap: "imap",
  pop3: "pop3",
  smtp: "submission",
  managesieve: "sieve",
};

const URL_KINDS: Readonly<Record<string, Kind>> = {
  jmap: "jmap",
  ews: "ews",
  exchange: "ews",
  activesync: "activesync",
  caldav: "caldav",
  carddav: "carddav",
  webdav: "webdav",
};

/** The whole number of a port; null where it is none. */
export const portOf = (text: string | null): number | null => {
  if (text === null || !/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : null;
};

/** Thunderbird expands the domain in names and URLs; it tells nobody more than the question did. AC-12 */
const expanded = (text: string | null, mailDomain: string | null): string | null =>
  mailDomain === null ? text : text?.replaceAll("%EMAILDOMAIN%", mailDomain) ?? null;

const overUrl = (type: string, e: Element, mailDomain: string | null): DocumentServer | string => {
  const kind = URL_KINDS[type];
  if (kind === undefined) return `type ${type}: not known`;
  const text = expanded(
    textAt(e, "url") ?? textAt(e, "ewsURL") ?? textAt(e, "easURL") ?? textAt(e, "serverURL"),
    mailDomain,
  );
  if (text === null || !URL.canParse(text)) return `${type}: no url`;
  const place = webPlace(text);
  if (place === null) return `${type}: its url is not https`;
  return {
    kind,
    tls: "https",
    ...place,
    username: textAt(e, "username"),
    auth: authOf(e),
  };
};

const overTcp = (
  type: string,
  kind: Kind,
  e: Element,
  mailDomain: string | null,
): DocumentServer | string => {
  const host = hostName(expanded(textAt(e, "hostname"), mailDomain) ?? "");
  if (host === null) return `${type}: no hostname`;
  const port = portOf(textAt(e, "port"));
  if (port === null) return `${type}: no port from 1 to 65535`;
  const tls = TLS[textAt(e, "socketType") ?? ""];
  if (tls === undefined) return `${type}: socketType is neither SSL nor STARTTLS`;
  return { kind, tls, host, port, url: null, username: textAt(e, "username"), auth: authOf(e) };
};

const serverOf = (e: Element, mailDomain: string | null): DocumentServer | string => {
  const type = e.attributes["type"] ?? "";
  const kind = TCP_KINDS[type];
  return kind === undefined ? overUrl(type, e, mailDomain) : overTcp(type, kind, e, mailDomain);
};

export type DocumentResult =
  | { readonly _tag: "Document"; readonly document: AutoconfigDocument }
  | { readonly _tag: "Unfit"; readonly reason: string };

/**
 * Sections that are wrong are left out; what is not known is passed over. Never throws. AC-16, AC-18
 *
 * `mailDomain` is what `%EMAILDOMAIN%` stands for, null where it is not to be expanded; `charset`, what the
 * transport says of the encoding.
 */
export const readAutoconfig = (
  octets: Uint8Array | string,
  mailDomain: string | null = null,
  charset: string | null = null,
): DocumentResult => {
  const xml = parseXml(octets, charset);
  if (xml._tag === "Unfit") return xml;
  const { root } = xml;
  const [provider] = childrenOf(root, "emailProvider");
  if (root.name !== "clientConfig" || provider === undefined) {
    return { _tag: "Unfit", reason: "is no clientConfig with an emailProvider" };
  }
  const sections = [
    ...childrenOf(provider, "incomingServer"),
    ...childrenOf(provider, "outgoingServer"),
    ...["calendar", "addressBook", "addressbook", "fileShare", "setupServer"].flatMap((n) =>
      childrenOf(root, n)
    ),
  ].slice(0, MAX_SERVERS);
  const read = sections.map((e) => serverOf(e, mailDomain));
  return {
    _tag: "Document",
    document: {
      domains: childrenOf(provider, "domain").map((d) =>
        (expanded(d.text, mailDomain) ?? "").toLowerCase()
      ),
      name: textAt(provider, "displayName") ?? null,
      servers: read.flatMap((s) => typeof s === "string" ? [] : [s]),
      faults: read.flatMap((s) => typeof s === "string" ? [s] : []),
    },
  };
};
