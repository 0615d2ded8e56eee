/** One `[[domain]]`: what a mail domain offers besides our own listeners, for autodiscovery. */
import { z } from "zod";
import { fullyQualified, parseDomainName } from "../../address/domain.ts";
import { AUTHS } from "../../discovery/service.ts";
import {
  keepsQuotes,
  parseAddresses,
  parseCaa,
  parseDkim,
  parseMx,
  parsePlace,
  parseTlsa,
  parseWebUrl,
} from "../values/domain.ts";
import { count } from "../values/range.ts";

/** A name under which a service can be reached from elsewhere; not an address. */
const isName = (text: string): boolean => {
  const d = parseDomainName(text);
  return d !== null && fullyQualified(d);
};

const name = (example: string) =>
  z.string().refine(isName, {
    error: `must be a fully qualified host name, such as "${example}"`,
  });

const place = (port: number) =>
  z.string().refine((s) => isName(parsePlace(s, port)?.host ?? ""), {
    error:
      `must be a host name, a port if need be, and priority and weight if need be, such as "mail.example.com:${port}" or "mail.example.com:${port} 10 1"`,
  });

const places = (port: number, what: string) =>
  z.array(place(port)).optional().describe(`${what}; [] for not offered`);

const url = (what: string) =>
  z.string().refine((s) => parseWebUrl(s) !== null, {
    error:
      'must be an https URL without query and fragment, such as "https://mail.example.com/dav/"',
  }).optional().describe(what);

const listOf = (read: (text: string) => unknown, form: string) =>
  z.array(z.string().refine((s) => read(s) !== null, { error: `must be ${form}` }));

const short = (max: number, what: string) => {
  const error = `must be a text of 1 to ${max} characters`;
  return z.string({ error }).min(1, { error }).max(max, { error }).optional().describe(what);
};

const startsWith = (tag: string) =>
  z.string().refine((s) => s.startsWith(tag) && /^[\x20-\x7e]+$/.test(s) && !keepsQuotes(s), {
    error: `must be ASCII text that starts with "${tag}", without the quotes of a zone file`,
  }).optional();

export const domain = z.strictObject({
  name: name("example.com").describe("The domain of the addresses"),
  display_name: short(60, "Name for people; default: the domain"),
  short_name: short(20, "Short name for people; default: the display name, cut"),
  host: name("mail.example.com").optional().describe(
    "Name under which clients reach our listeners; default: hostname",
  ),
  submissions: places(465, "Submission with TLS from the first byte; default: our own listeners"),
  submission: places(587, "Submission with STARTTLS; default: our own listeners"),
  imaps: places(993, "IMAP with TLS from the first byte"),
  imap: places(143, "IMAP with STARTTLS"),
  pop3s: places(995, "POP3 with TLS from the first byte"),
  pop3: places(110, "POP3 with STLS"),
  sieve: places(4190, "ManageSieve"),
  jmap: url("JMAP: URL of the session resource"),
  caldav: url("Calendars: URL to start from"),
  carddav: url("Address books: URL to start from"),
  auth: z.array(z.enum(AUTHS)).min(1, { error: "needs at least one method" }).optional()
    .describe(
      "How clients may sign in, preferred first; default: as in [auth] for our own listeners, otherwise with a password",
    ),
  username: z.enum(["address", "local"]).default("address").describe(
    "User name: the whole address, or the part before its @",
  ),
  oauth_issuer: url("Issuer of OAuth tokens for public clients; default: the first of [auth]"),
  documentation: url("Page that explains the set-up to people"),
  web: name("mail.example.com").optional().describe(
    "Host of the HTTP endpoints; default: host, where [http] is configured",
  ),
  addresses: z.record(
    name("mail.example.com"),
    z.array(z.string()).refine((a) => parseAddresses(a) !== null, {
      error: 'must be a list of IP addresses, such as ["192.0.2.1", "2001:db8::1"]',
    }),
  ).optional().describe("Hosts whose A and AAAA records we publish"),
  mx: listOf(parseMx, 'a number and a host, such as "10 mx.example.com", or "0 ."').default([])
    .describe('Mail exchangers; "0 ." for a domain that takes no mail'),
  spf: startsWith("v=spf1").describe('SPF record; default: a proposal, "v=spf1 mx -all"'),
  dmarc: startsWith("v=DMARC1;").describe("DMARC record; default: a proposal"),
  dkim: z.record(
    z.string().refine((s) => isName(`${s}.example`), { error: "must be a selector" }),
    z.string().refine((s) => parseDkim(s) !== null, {
      error: 'must be the whole record without quotes, such as "v=DKIM1; k=ed25519; p=..."',
    }),
  ).optional().describe("DKIM records by selector"),
  mta_sts: z.enum(["enforce", "testing", "none"]).optional().describe(
    "MTA-STS policy for mail to the domain; needs mx",
  ),
  mta_sts_days: count(7, 1, 365, "How long other servers keep that policy"),
  tls_reports: listOf(
    (s) => /^(?:mailto:[^\s,!@]+@[^\s,!]+|https:\/\/[^\s,!]+)$/.test(s) ? s : null,
    "a mailto: or https: URI",
  ).default([]).describe("Who gets reports about TLS failures"),
  caa: listOf(
    parseCaa,
    'a tag and a value, such as "issue letsencrypt.org", "issue ;" (nobody) or "iodef mailto:ca@example.com"',
  ).default([]).describe(
    "CAA records: who may issue certificates",
  ),
  tlsa: listOf(parseTlsa, 'a name and a hash, such as "_25._tcp.mx.example.com 3 1 1 0123..."')
    .default([]).describe("TLSA records; only for zones that are signed"),
  pacc: z.boolean().default(true).describe("Offer PACC, the JSON autoconfiguration"),
  compat: z.array(z.enum(["smtps", "mailconf", "autodiscover"])).default([]).describe(
    "Records that only some clients read: SRV _smtps, TXT mailconf=, SRV _autodiscover",
  ),
  ttl_seconds: count(3600, 30, 604_800, "How long resolvers may keep the records"),
}).describe("What a mail domain offers, for autodiscovery");

export type DomainFile = z.infer<typeof domain>;
