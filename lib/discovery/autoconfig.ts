/**
 * The XML that Thunderbird and many others read. draft-ietf-mailmaint-autoconfig-06
 *
 * User names are placeholders, so that the document is the same for every address. AC-4..AC-16
 */
import { type Offer, servicesOf, within } from "./offer.ts";
import { type Auth, type Service, urlOf } from "./service.ts";
import { element, leaf } from "./xml.ts";

/** AC-10: the words for servers over TCP. */
const TCP: Readonly<Record<Auth, string>> = {
  password: "password-cleartext",
  encrypted: "password-encrypted",
  scram: "SCRAM-SHA-256",
  oauth2: "OAuth2",
  gssapi: "GSSAPI",
  ntlm: "NTLM",
  certificate: "TLS-client-cert",
  address: "client-IP-address",
  none: "none",
};

/** One server without any of these makes Thunderbird for Android drop the whole file. AC-7 */
const USABLE: ReadonlySet<Auth> = new Set(["password", "encrypted", "oauth2"]);

/** OAuth2 first: clients that cannot do it with this host go on to the password. AC-11 */
const oauthFirst = (auth: ReadonlyArray<Auth>): ReadonlyArray<Auth> => [
  ...auth.filter((a) => a === "oauth2"),
  ...auth.filter((a) => a !== "oauth2"),
];

const username = (s: Service): string =>
  leaf("username", s.username === "address" ? "%EMAILADDRESS%" : "%EMAILLOCALPART%");

const tcp = (name: string, type: string, s: Service): string =>
  element(
    name,
    [
      leaf("hostname", s.host),
      leaf("port", String(s.port)),
      leaf("socketType", s.security === "implicit" ? "SSL" : "STARTTLS"),
      ...oauthFirst(s.auth).map((a) =>
        leaf("authentication", TCP[a], a === "scram" ? { system: "sasl" } : {})
      ),
      username(s),
    ].join(""),
    { type },
  );

const web = (name: string, type: string, s: Service): string =>
  element(
    name,
    [
      leaf("url", urlOf(s) ?? ""),
      ...oauthFirst(s.auth).flatMap((a) =>
        a === "oauth2"
          ? [leaf("authentication", "OAuth2")]
          : a === "password"
          ? [leaf("authentication", "Basic", { system: "http" })]
          : []
      ),
      username(s),
    ].join(""),
    { type },
  );

/** Cleartext is never published: Android rejects `plain`. AC-8 */
const usable = (s: Service): boolean => s.security !== "none" && s.auth.some((a) => USABLE.has(a));

/** AC-14: where the mail of a hosted domain goes, the name by which its hoster is looked up. */
const mxDomains = (offer: Offer): ReadonlyArray<string> => [
  ...new Set(
    offer.mx.filter((m) => m.host.split(".").length > 2 && !within(m.host, offer.domain))
      .map((m) => m.host.slice(m.host.indexOf(".") + 1)),
  ),
];

export const autoconfigDocument = (offer: Offer): string => {
  const good = { ...offer, services: offer.services.filter(usable) };
  const jmap = servicesOf(good, "jmap");
  const provider = [
    leaf("domain", offer.domain),
    ...mxDomains(offer).map((d) => leaf("domain", d, { purpose: "mx" })),
    leaf("displayName", offer.name.slice(0, 60)),
    leaf("displayShortName", offer.shortName.slice(0, 20)),
    ...servicesOf(good, "imap").map((s) => tcp("incomingServer", "imap", s)),
    ...jmap.map((s) => web("incomingServer", "jmap", s)),
    ...servicesOf(good, "pop3").map((s) => tcp("incomingServer", "pop3", s)),
    ...servicesOf(good, "submission").map((s) => tcp("outgoingServer", "smtp", s)),
    ...(offer.documentation === null ? [] : [
      element("documentation", leaf("descr", "How to set up mail", { lang: "en" }), {
        url: offer.documentation,
      }),
    ]),
  ];
  const beside = [
    ...servicesOf(good, "caldav").map((s) => web("calendar", "caldav", s)),
    ...servicesOf(good, "carddav").map((s) => web("addressbook", "carddav", s)),
    ...servicesOf(good, "sieve").map((s) => tcp("setupServer", "managesieve", s)),
  ];
  const version = jmap.length > 0 || beside.length > 0 ? "1.2" : "1.1";
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<clientConfig version="${version}">`,
    `  <emailProvider id="${offer.domain}">`,
    ...provider.map((line) => `    ${line}`),
    "  </emailProvider>",
    ...beside.map((line) => `  ${line}`),
    "</clientConfig>",
    "",
  ].join("\n");
};

/** What strict clients would make of it. AC-6 */
export const autoconfigLints = (
  offer: Offer,
): ReadonlyArray<{ code: string; message: string }> => {
  const good = { ...offer, services: offer.services.filter(usable) };
  const missing = [
    ...(servicesOf(good, "imap", "pop3").length === 0 ? ["no IMAP or POP3 server"] : []),
    ...(servicesOf(good, "submission").length === 0 ? ["no submission server"] : []),
  ];
  return missing.map((what) => ({
    code: "autoconfig-incomplete",
    message:
      `${offer.domain}: ${what} with a usable way to sign in; mail programs refuse such a file`,
  }));
};
