/**
 * The schema of the configuration file: every key with its range, default and description.
 *
 * Only lib/config knows zod; `convert.ts` turns what comes out into `Config`.
 */
import { z } from "zod";
import { fullyQualified, parseDomainName } from "../../address/domain.ts";
import { isNetwork, parseListener } from "../values/address.ts";
import { count, span } from "../values/range.ts";
import { auth } from "./auth.ts";
import { filter } from "./filter.ts";
import { grant, group, permission } from "./grants.ts";
import { discover } from "./discover.ts";
import { dkim } from "./dkim.ts";
import { dns } from "./dns.ts";
import { domain as mailDomain } from "./domain.ts";
import { extensions } from "./extensions.ts";
import { events } from "./events.ts";
import { holds } from "./holds.ts";
import { limits } from "./limits.ts";
import { nextHop } from "./next_hop.ts";
import { policies } from "./policies.ts";
import { queue } from "./queue.ts";
import { records } from "./records.ts";
import { replica } from "./replica.ts";
import { alias, rewrite } from "./rewrite.ts";
import { route } from "./route.ts";
import { LEAST_LENGTH } from "../../accounts/store/weak_password.ts";
import { dnsServer, http } from "./web.ts";

const qualifiedName = (text: string): boolean => {
  const d = parseDomainName(text);
  return d !== null && fullyQualified(d);
};

const listener = z.string().refine((s) => parseListener(s) !== null, {
  error:
    'must be "host:port" with a port from 1 to 65535 (0: any free one), such as "127.0.0.1:587" or "[::1]:587"',
});

const network = z.string().refine(isNetwork, {
  error: 'must be an address or a network, such as "192.0.2.7" or "2001:db8::/32"',
});

const isSqliteUrl = (s: string): boolean => /^sqlite:(?!:memory:$)[^\0]+$/.test(s);

const sqliteUrl = (what: string) =>
  z.string().refine(isSqliteUrl, {
    error: `must be "sqlite:" and the path of a file, such as "sqlite:data/${what}.db"`,
  });

const file = z.string().refine((s) => s !== "" && !s.includes("\0"), {
  error: "must be the path of a file",
});

const repair = (what: string) =>
  z.enum(["fix", "reject", "off"]).default("fix").describe(
    `${what}: repair it, refuse the message, or leave it`,
  );

const domain = z.string().refine((s) => parseDomainName(s) !== null, {
  error: 'must be a domain name, such as "example.net"',
});

const separator = z.string().refine((s) => /^[+._=#-]?$/.test(s), {
  error: 'must be one of "+", "-", ".", "_", "=", "#", or "" for none',
});

/** What is said where no route stands. */
export const NO_ROUTE =
  'there is no route, so no mail could leave; add [[route]] with to = "*" and ' +
  'via = "smtp://127.0.0.1:25", or the next hop that you have';

export const configFile = z.strictObject({
  hostname: z.string().refine(qualifiedName, {
    error: 'must be a fully qualified host name, such as "msa.example.com"',
  }).describe("Our name in the greeting, in EHLO to next hops and in Received"),

  listen: z.strictObject({
    submission: z.array(listener).default([]).describe(
      "Addresses that start in clear and need STARTTLS; the registered port is 587",
    ),
    submissions: z.array(listener).default([]).describe(
      "Addresses with TLS from the first byte; the registered port is 465",
    ),
    proxy_from: z.array(network).default([]).describe(
      "Balancers, whose connections must begin with a PROXY protocol header (version 1 or 2) " +
        "that names the client; it is ignored from all others",
    ),
    xclient_from: z.array(network).default([]).describe(
      "Proxies that may name the client by XCLIENT; it is offered to no others",
    ),
  }).describe("Where to listen; at least one address"),

  tls: z.strictObject({
    certificate: file.describe("PEM file: our certificate, then its chain"),
    key: file.describe("PEM file with the private key of the certificate"),
    client_ca: file.optional().describe(
      "PEM file with the authorities to trust for client certificates; without it none is requested",
    ),
    sni: z.array(z.strictObject({
      certificate: file.describe("PEM chain; serves the names it holds"),
      key: file.describe("PEM file with its private key"),
    })).default([]).describe(
      "Certificates for more host names, chosen by the name a client asks for",
    ),
  }).describe("Files are read again when they change, without dropping a session"),

  spool: z.strictObject({
    url: z.string().refine((s) => s === "none" || isSqliteUrl(s), {
      error: 'must be "sqlite:" and the path of a file, such as "sqlite:data/spool.db", or "none"',
    }).default("sqlite:data/spool.db").describe(
      'Where accepted messages are kept until they are delivered; "none": nowhere, each is passed through',
    ),
    memory_mb: count(
      256,
      1,
      1_048_576,
      'With url "none": memory for all messages that are on their way; beyond it they are refused for now',
    ),
    keep_days: span(
      7,
      0,
      3650,
      "How long the record of a finished message stays for `postern queue show`",
    ),
  }).prefault({}),

  accounts: z.strictObject({
    url: sqliteUrl("accounts").default("sqlite:data/accounts.db").describe(
      "Where accounts are kept",
    ),
    password_length: count(
      LEAST_LENGTH,
      1,
      128,
      "Characters that a password set from now on has at least; common ones are refused at any length",
    ),
    iterations: count(100_000, 4096, 10_000_000, "PBKDF2 rounds for passwords set from now on"),
    remember_minutes: span(
      5,
      0,
      60,
      "How long a successful login is remembered, in memory only; 0: not at all",
    ),
  }).prefault({}),

  auth,

  route: z.array(route, {
    error: (issue) => issue.input === undefined ? NO_ROUTE : undefined,
  }).min(1, { error: NO_ROUTE }).describe(
    "Next hops; the most specific `to` that matches the recipient, and whose conditions hold, is taken",
  ),

  next_hop: nextHop,

  domain: z.array(mailDomain).default([]).describe("Mail domains that autodiscovery knows"),

  http,

  dns_server: dnsServer,

  limits,

  extensions,

  headers: z.strictObject({
    received: z.enum(["redacted", "full", "sealed"]).default("redacted").describe(
      "What Received says of the client: nothing, its name and address, or those in a token that " +
        "`postern trace unseal` opens",
    ),
    seal_key_file: file.optional().describe(
      "File with the key of such tokens, made by `postern trace new-key`",
    ),
    date: repair("Date absent, not valid or obsolete"),
    message_id: repair("Message-ID absent or not valid"),
    several_lists: repair("Several To or Cc fields"),
    empty_lists: repair("To, Cc or Reply-To without an address"),
    obsolete_addresses: repair("Address fields in obsolete syntax"),
    mime_version: repair("8-bit body without MIME-Version"),
    layout: z.enum(["fix", "reject"]).default("fix").describe(
      "Header lines that may not be sent as they are: fold them anew, or refuse the message",
    ),
    from: z.enum(["reject", "fix"]).default("reject").describe(
      "No From: refuse, or supply the account's primary address",
    ),
    duplicates: z.enum(["reject", "fix"]).default("reject").describe(
      "Subject, Date, Message-ID, In-Reply-To or References twice, both the same: refuse, or drop the later one",
    ),
    raw_utf8: z.enum(["fix", "reject"]).default("fix").describe(
      "UTF-8 in a header without SMTPUTF8: write it as encoded words, in headers of parts too, or refuse; " +
        "other 8-bit text is refused",
    ),
    undisclosed: z.enum(["fix", "reject", "off"]).default("off").describe(
      "Neither To nor Cc nor Bcc, which is legal: add an empty group, refuse, or leave it",
    ),
    long_lines: z.enum(["fix", "reject"]).default("fix").describe(
      "Body lines over 998 octets: encode the part that holds them, or refuse the message",
    ),
    domains: z.record(
      z.string().refine((s) => parseDomainName(s) !== null && !s.includes("."), {
        error: 'must be a name without dots, such as "sales"',
      }),
      z.string().refine(qualifiedName, {
        error: 'must be a fully qualified name, such as "sales.example.net"',
      }),
    ).optional().describe("Domains of one label that are completed, and what they stand for"),
    sender_match: z.enum(["rights", "envelope"]).default("rights").describe(
      "Add Sender only where no author is the account's, or wherever the return path is not in From",
    ),
    foreign_sender: z.enum(["reject", "fix"]).default("reject").describe(
      "A Sender of another account, although the submitter is in From: refuse, or drop it",
    ),
  }).prefault({}),

  rights: z.strictObject({
    local_domains: z.array(domain).optional().describe(
      "Domains where local parts are compared without case and have subaddresses; " +
        "default: those of the accounts' own addresses",
    ),
    separator: separator.default("+").describe(
      "Separator of user and detail in a subaddress; empty: no subaddresses",
    ),
    separators: z.record(domain, separator).optional().describe(
      "Separators of local domains that differ, by domain",
    ),
    header_check: z.enum(["every", "one", "domain", "off", "strict"]).default("every").describe(
      "Every author, one author, or one author's domain must be the account's; off: anybody in From, with Sender; " +
        "strict: the old name of one",
    ),
    resend: z.enum(["any", "own"]).default("any").describe(
      "Messages that may be passed on by Resent-From: those of anybody, or of the account only",
    ),
    name_address: z.enum(["local", "any", "off"]).default("local").describe(
      "A name that shows an address which is not the sender's: refused if it is of a local domain or an account's, " +
        "of any domain, or never",
    ),
  }).prefault({}),

  dkim,

  alias: z.array(alias).default([]).describe("Addresses of recipients that stand for others"),

  rewrite: z.array(rewrite).default([]).describe("Addresses that are written anew"),

  grant: z.array(grant).default([]).describe("Rights beyond an account's own addresses"),

  group: z.array(group).default([]).describe("Accounts that hold grants together"),

  permission: z.array(permission).default([]).describe(
    "Whom an account may send to, and what else it may that others may not",
  ),

  filter: z.array(filter).refine(
    (all) => new Set(all.map((f) => f.name)).size === all.length,
    { error: "two filters have the same name" },
  ).default([]).describe(
    "Content filters, in the order in which they are asked",
  ),

  policies,

  holds,

  records,

  queue,

  replica,

  events,

  dns,

  discover,

  log: z.strictObject({
    level: z.enum(["debug", "info", "warning", "error"]).default("info").describe(
      "Least grave lines that are written",
    ),
    format: z.enum(["text", "json"]).default("text").describe("For people, or one object a line"),
    lines_per_client: count(
      100,
      1,
      1_000_000,
      "Lines about errors of one client address within an hour; more are counted and told once",
    ),
  }).prefault({}),
});

export type ConfigFile = z.infer<typeof configFile>;
