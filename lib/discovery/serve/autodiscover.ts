/**
 * Answers of Microsoft's Autodiscover in its XML form ("POX"). MS-OXDSCLI 24.1 §2.2.4
 *
 * `SSL` is on for STARTTLS as well: Thunderbird takes `off` for no encryption at all. AD-4..AD-10
 */
import { type Offer, servicesOf } from "../offer.ts";
import { hasWords, type Service, usernameOf } from "../service.ts";
import { element, leaf } from "../xml.ts";

const SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover";
export const OUTLOOK = `${SCHEMAS}/outlook/responseschema/2006a`;
const MOBILE = `${SCHEMAS}/mobilesync/responseschema/2006`;

const document = (xmlns: string, content: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n${
    element("Autodiscover", element("Response", content, { xmlns }), {
      xmlns: `${SCHEMAS}/responseschema/2006`,
    })
  }\n`;

const TYPES = { imap: "IMAP", pop3: "POP3", submission: "SMTP" } as const;

const protocol = (type: string, s: Service, address: string): string =>
  element(
    "Protocol",
    [
      leaf("Type", type),
      leaf("Server", s.host),
      leaf("Port", String(s.port)),
      leaf("DomainRequired", "off"),
      leaf("LoginName", usernameOf(s.username, address)),
      leaf("SPA", "off"),
      leaf("SSL", "on"),
      leaf("Encryption", s.security === "implicit" ? "SSL" : "TLS"),
      leaf("AuthRequired", "on"),
    ].join(""),
  );

/** The settings for an address of the domain, the same for every local part. */
export const poxSettings = (offer: Offer, address: string): string => {
  const protocols = (["imap", "pop3", "submission"] as const).flatMap((kind) =>
    servicesOf(offer, kind).filter((s) => s.security !== "none" && hasWords(s))
      .map((s) => protocol(TYPES[kind], s, address))
  );
  return document(
    OUTLOOK,
    [
      element("User", leaf("DisplayName", address) + leaf("AutoDiscoverSMTPAddress", address)),
      element(
        "Account",
        leaf("AccountType", "email") + leaf("Action", "settings") + protocols.join(""),
      ),
    ].join(""),
  );
};

const ERRORS = {
  500: "The address is not known here",
  600: "Invalid request",
  601: "The requested schema is not offered",
} as const;

/** An error, which travels under HTTP status 200. AD-10 */
export const poxError = (code: keyof typeof ERRORS, schema: string | null, now: Date): string =>
  document(
    schema === MOBILE ? MOBILE : OUTLOOK,
    element(
      "Error",
      [leaf("ErrorCode", String(code)), leaf("Message", ERRORS[code]), leaf("DebugData", "")]
        .join(""),
      { Time: now.toISOString().slice(11, 23), Id: String(now.getTime() % 0x7fff_ffff) },
    ),
  );
