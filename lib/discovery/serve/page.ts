/**
 * The page for people: an address in, the settings out, with a QR code and the profile for Apple's devices. It
 * works without its script, and says nothing about whether a mailbox exists.
 */
import { base64, sha256 } from "../digest.ts";
import type { Offer } from "../offer.ts";
import {
  type Auth,
  type Kind,
  type Security,
  type Service,
  urlOf,
  usernameOf,
} from "../service.ts";
import { element, escape, leaf } from "../xml.ts";
import { SCRIPT, STYLE } from "./page_assets.ts";
import { qrSvg } from "./qr.ts";

const NAMES: Readonly<Record<Kind, string>> = {
  submission: "Outgoing mail (SMTP)",
  imap: "Incoming mail (IMAP)",
  pop3: "Incoming mail (POP3)",
  sieve: "Filters (ManageSieve)",
  jmap: "Mail (JMAP)",
  caldav: "Calendar (CalDAV)",
  carddav: "Contacts (CardDAV)",
  webdav: "Files (WebDAV)",
  ews: "Exchange",
  activesync: "ActiveSync",
};

const SECURITY: Readonly<Record<Security, string>> = {
  implicit: "SSL/TLS",
  starttls: "STARTTLS",
  https: "HTTPS",
  none: "none",
};

const SIGN_IN: Readonly<Record<Auth, string>> = {
  password: "password",
  encrypted: "encrypted password",
  oauth2: "OAuth2",
  gssapi: "Kerberos (GSSAPI)",
  ntlm: "NTLM",
  certificate: "client certificate",
  address: "by network address",
  none: "none",
};

/** What people need first. */
const ORDER: ReadonlyArray<Kind> = [
  "imap",
  "pop3",
  "submission",
  "jmap",
  "caldav",
  "carddav",
  "sieve",
];

/** `address` is one of the offer's domain; null before it was entered. */
export interface PageState {
  readonly offer: Offer | null;
  readonly address: string | null;
  /** What was entered, as it is shown again. */
  readonly entered: string;
  readonly error: string | null;
  /** Where the profile is; null where none can be made. */
  readonly profile: string | null;
}

const row = (term: string, value: string): string =>
  leaf("dt", term) + element("dd", leaf("code", value));

const card = (s: Service, address: string, alternative: boolean): string =>
  element(
    "section",
    leaf("h2", NAMES[s.kind] + (alternative ? ", alternative" : "")) +
      element(
        "dl",
        [
          ...(urlOf(s) === null
            ? [row("Server", s.host), row("Port", String(s.port))]
            : [row("URL", urlOf(s) ?? "")]),
          row("Encryption", SECURITY[s.security]),
          row("User name", usernameOf(s.username, address)),
          row("Sign-in", s.auth.map((a) => SIGN_IN[a]).join(", ")),
        ].join(""),
      ),
  );

const cards = (offer: Offer, address: string): string => {
  const seen = new Set<Kind>();
  return ORDER.flatMap((kind) => offer.services.filter((s) => s.kind === kind)).map((s) => {
    const alternative = seen.has(s.kind);
    seen.add(s.kind);
    return card(s, address, alternative);
  }).join("");
};

const profileCard = (url: string): string =>
  element(
    "section",
    leaf("h2", "iPhone, iPad and Mac") +
      leaf("p", "Install a profile with these settings. It holds no password.") +
      element("p", leaf("a", "Download the profile", { href: url, class: "button" })) +
      leaf("p", "Or point the camera of the other device here:") +
      qrSvg(url, "QR code with the address of the profile"),
  );

const form = (entered: string): string =>
  `<form method="get" action="/"><label><span>Your e-mail address</span>` +
  `<input name="address" type="email" autocomplete="email" required value="${escape(entered)}">` +
  `</label><button>Show settings</button></form>`;

export const page = (s: PageState): string => {
  const title = s.offer === null ? "Mail settings" : `${s.offer.name}: mail settings`;
  const body = [
    leaf("h1", title),
    form(s.entered),
    s.error === null ? "" : leaf("p", s.error, { class: "error", role: "alert" }),
    s.offer === null || s.address === null ? "" : [
      element(
        "p",
        `Settings for ${leaf("strong", s.address)}. The password is that of your mailbox.`,
      ),
      cards(s.offer, s.address),
      s.profile === null ? "" : profileCard(s.profile),
      s.offer.documentation === null
        ? ""
        : element("p", leaf("a", "More help", { href: s.offer.documentation })),
    ].join(""),
    '<p id="said" role="status" aria-live="polite"></p>',
  ].join("\n");
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main>
${body}
</main><script>${SCRIPT}</script></body></html>
`;
};

const digest = async (text: string): Promise<string> => `'sha256-${base64(await sha256(text))}'`;

/** Nothing but our own style and script runs in the page. */
export const pagePolicy = async (): Promise<string> =>
  [
    "default-src 'none'",
    `style-src ${await digest(STYLE)}`,
    `script-src ${await digest(SCRIPT)}`,
    "img-src data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
