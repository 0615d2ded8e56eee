/**
 * Apple's configuration profile: mail, calendars and address books in one file to install. It holds no
 * password, and installing it again replaces the first one. MC-3..MC-10
 */
import { hex } from "../digest.ts";
import { type Offer, servicesOf } from "../offer.ts";
import { type Auth, type Service, usernameOf } from "../service.ts";
import { plist, type PlistValue } from "./plist.ts";

/** Of these profiles; any fixed UUID would do. */
const NAMESPACE = "b6f1c9b2-4d0e-5c57-9f4e-0d5d2f7f6a31";

const encoder = new TextEncoder();

/** RFC 9562 §5.5 */
export const uuid5 = async (name: string): Promise<string> => {
  const space = NAMESPACE.replaceAll("-", "").match(/../g)?.map((h) => parseInt(h, 16)) ?? [];
  const input = Uint8Array.from([...space, ...encoder.encode(name)]);
  const o = new Uint8Array(await crypto.subtle.digest("SHA-1", input)).slice(0, 16);
  o[6] = ((o[6] ?? 0) & 0x0f) | 0x50;
  o[8] = ((o[8] ?? 0) & 0x3f) | 0x80;
  return hex(o).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** MC-6: there is no word for OAuth or SCRAM. Null: the profile could not be used. */
const authOf = (auth: ReadonlyArray<Auth>): string | null =>
  auth.includes("password")
    ? "EmailAuthPassword"
    : auth.includes("encrypted")
    ? "EmailAuthCRAMMD5"
    : auth.includes("ntlm")
    ? "EmailAuthNTLM"
    : auth.includes("none")
    ? "EmailAuthNone"
    : null;

/** Services come with implicit TLS first, which is the one form that is not misread. MC-7 */
const first = (offer: Offer, kind: Service["kind"]): Service | undefined =>
  servicesOf(offer, kind).find((s) => s.security !== "none" && authOf(s.auth) !== null);

const server = (side: "Incoming" | "Outgoing", s: Service, address: string) => ({
  [`${side}MailServerHostName`]: s.host,
  [`${side}MailServerPortNumber`]: s.port,
  [`${side}MailServerUseSSL`]: true,
  [`${side}MailServerAuthentication`]: authOf(s.auth) ?? "EmailAuthNone",
  [`${side}MailServerUsername`]: usernameOf(s.username, address),
});

const dav = (name: "CalDAV" | "CardDAV", s: Service, offer: Offer, address: string) => ({
  [`${name}AccountDescription`]: offer.name,
  [`${name}HostName`]: s.host,
  [`${name}Port`]: s.port,
  [`${name}UseSSL`]: true,
  [`${name}Username`]: usernameOf(s.username, address),
  [`${name}PrincipalURL`]: s.path ?? "/",
});

/** `domain` backwards, as identifiers are written. */
const reverse = (domain: string): string => domain.split(".").reverse().join(".");

/** The profile for an address, or null where mail cannot be set up by one. `fullName` is for the From field. */
export const mobileconfig = async (
  offer: Offer,
  address: string,
  fullName: string | null,
): Promise<string | null> => {
  const incoming = first(offer, "imap") ?? first(offer, "pop3");
  const outgoing = first(offer, "submission");
  if (incoming === undefined || outgoing === undefined) return null;
  const identifier = `${reverse(offer.domain)}.mail.${(await uuid5(address)).slice(0, 8)}`;
  const payload = async (type: string, part: string, rest: Record<string, PlistValue>) => ({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.${part}`,
    PayloadUUID: await uuid5(`${part}:${address}`),
    PayloadDisplayName: offer.name,
    ...rest,
  });
  const mail = await payload("com.apple.mail.managed", "account", {
    EmailAccountType: incoming.kind === "imap" ? "EmailTypeIMAP" : "EmailTypePOP",
    EmailAccountDescription: offer.name,
    ...(fullName === null ? {} : { EmailAccountName: fullName }),
    EmailAddress: address,
    ...server("Incoming", incoming, address),
    ...server("Outgoing", outgoing, address),
    OutgoingPasswordSameAsIncomingPassword: true,
  });
  const [calendar] = servicesOf(offer, "caldav");
  const [contacts] = servicesOf(offer, "carddav");
  const more = [
    ...(calendar === undefined ? [] : [
      await payload(
        "com.apple.caldav.account",
        "calendar",
        dav("CalDAV", calendar, offer, address),
      ),
    ]),
    ...(contacts === undefined ? [] : [
      await payload(
        "com.apple.carddav.account",
        "contacts",
        dav("CardDAV", contacts, offer, address),
      ),
    ]),
  ];
  return plist({
    PayloadType: "Configuration",
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: await uuid5(address),
    PayloadDisplayName: offer.name,
    PayloadOrganization: offer.name,
    PayloadDescription: `Mail settings for ${address}`,
    PayloadRemovalDisallowed: false,
    PayloadContent: [mail, ...more],
  });
};
