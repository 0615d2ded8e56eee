/** Converts the file's contents, each value valid by itself, to `Config`. */
import { Duration } from "effect";
import { addressKey } from "../../address/account_key.ts";
import { type DomainName, parseDomainName } from "../../address/domain.ts";
import { parseMailbox } from "../../address/path.ts";
import { offerOf, type OwnListeners } from "../../discovery/offer.ts";
import { parseListener, type SocketAddress } from "../values/address.ts";
import type {
  Config,
  DiscoverSettings,
  DnsServerSettings,
  DnsSettings,
  EventSettings,
  HttpSettings,
  Limits,
  NextHopSettings,
  Problem,
  QueueSettings,
  ReplicaConfig,
} from "../config.ts";
import { parseFilterPlace } from "../values/filter_place.ts";
import { parseDnsServer } from "../values/dns_server.ts";
import type { Issuer } from "../../oauth/issuer.ts";
import type { RouteTable } from "../../ports/routes.ts";
import { rewritesOf } from "./rewrites.ts";
import { grantsOf, groupsOf, permissionsOf } from "./grants.ts";
import type { ImapServer } from "../../ports/url_fetcher.ts";
import type { OptionalExtensions } from "../../smtp/server/extensions/all.ts";
import { patternKey } from "../values/pattern.ts";
import { tlsLevel } from "./route_hop.ts";
import { domainSettings } from "./domain_settings.ts";
import type { ConfigFile } from "../schema/schema.ts";
import { zoneName } from "../schema/web.ts";
import { ownListeners } from "./own_listeners.ts";

const sqlitePath = (url: string): string => url.slice("sqlite:".length);

/** Empty is the file's word for "none". */
const orNone = (s: string): string | null => s === "" ? null : s;

const ascii = (name: string): string => parseDomainName(name)?.ascii ?? name;

const domainsOf = (table: Readonly<Record<string, string>>): ReadonlyMap<string, DomainName> =>
  new Map(
    Object.entries(table).flatMap(([label, name]) => {
      const domain = parseDomainName(name);
      return domain === null ? [] : [[ascii(label), domain] as const];
    }),
  );

const limitsOf = (l: ConfigFile["limits"]): Limits => ({
  messageBytes: l.message_bytes,
  recipients: l.recipients,
  messagesPerSession: l.messages_per_session,
  commandLineBytes: l.command_line_bytes,
  authLineBytes: l.auth_line_bytes,
  dataBytes: l.data_memory_mb * 1_048_576,
  headerBytes: l.header_bytes,
  headerFields: l.header_fields,
  addressesPerField: l.addresses_per_field,
  receivedFields: l.received_fields,
  idle: Duration.seconds(l.idle_seconds),
  data: Duration.seconds(l.data_seconds),
  handshake: Duration.seconds(l.handshake_seconds),
  answer: Duration.seconds(l.answer_seconds),
  errors: l.errors,
  idleCommands: l.idle_commands,
  authFailures: l.auth_failures,
  authDelay: Duration.seconds(l.auth_delay_seconds),
  authLockFailures: l.auth_lock_failures,
  authLock: Duration.minutes(l.auth_lock_minutes),
  connections: l.connections,
  connectionsPerAddress: l.connections_per_address,
  connectionsPerAccount: l.connections_per_account,
  messagesPerHour: l.messages_per_hour,
  recipientsPerHour: l.recipients_per_hour,
  newRecipientsPerDay: l.new_recipients_per_day,
  nullSendersPerHour: l.null_senders_per_hour,
  resubmit: Duration.minutes(l.resubmit_minutes),
});

export const discoverOf = (
  d: ConfigFile["discover"],
  resolve: (path: string) => string,
): DiscoverSettings => ({
  databases: d.databases,
  privateAddresses: d.private_addresses,
  timeout: Duration.seconds(d.timeout_seconds),
  ca: d.ca === undefined ? null : resolve(d.ca),
  http: d.http,
  requestsPerMinute: d.requests_per_minute,
  requestsPerDomainPerMinute: d.requests_per_domain_per_minute,
});

export const dnsOf = (d: ConfigFile["dns"], resolve: (path: string) => string): DnsSettings => ({
  servers: d.servers?.flatMap((s) => parseDnsServer(s, d.trust_ad) ?? []) ?? null,
  timeout: Duration.seconds(d.timeout_seconds),
  attempts: d.attempts,
  trust: d.trust_ad,
  ca: d.ca === undefined ? null : resolve(d.ca),
});

const nextHopOf = (n: ConfigFile["next_hop"], hostname: string): NextHopSettings => ({
  dane: n.dane,
  mtaSts: n.mta_sts,
  tlsReports: n.tls_reports ? n.tls_report_contact ?? `postmaster@${hostname}` : null,
  tlsLevels: new Map(
    Object.entries(n.tls_levels ?? {}).map(([p, l]) => [patternKey(p) ?? p, tlsLevel(l)]),
  ),
  ownNames: n.own_names.map(ascii),
  ownAddresses: n.own_addresses,
  loopbackExchangers: n.loopback_exchangers,
});

const extensionsOf = (
  e: ConfigFile["extensions"],
  servers: ReadonlyArray<ImapServer>,
): OptionalExtensions => ({
  deliverBy: e.deliver_by ? { minSeconds: e.deliver_by_min_seconds } : null,
  futureRelease: e.future_release
    ? { maxSeconds: Math.max(1, Math.round(e.future_release_days * 86_400)) }
    : null,
  mtPriority: e.mt_priority
    ? {
      urgent: new Set(e.mt_priority_accounts),
      least: e.mt_priority_least,
      urgentBytes: e.mt_priority_bytes,
    }
    : null,
  rrvs: e.rrvs,
  burl: servers.map(({ origin }) => ({
    origin,
    prefix: `imap://${origin.replace(/:143$/, "")}`,
  })),
});

const queueOf = (q: ConfigFile["queue"]): QueueSettings => {
  const [first = 30, ...more] = q.retry_minutes;
  return {
    retry: [Duration.minutes(first), ...more.map((m) => Duration.minutes(m))],
    jitter: q.jitter_percent / 100,
    expire: Duration.days(q.expire_days),
    expireNull: Duration.days(q.expire_null_days),
    warn: q.warn_hours === 0 ? null : Duration.hours(q.warn_hours),
    suppress: Duration.days(q.suppress_days),
    postmasterCopy: parseMailbox(q.postmaster_copy ?? ""),
    connections: q.connections,
    connectionsPerHop: q.connections_per_hop,
    messagesPerConnection: q.messages_per_connection,
    passThrough: Duration.seconds(q.pass_through_seconds),
    timeouts: {
      connect: Duration.seconds(q.connect_seconds),
      greeting: Duration.seconds(q.greeting_seconds),
      command: Duration.seconds(q.command_seconds),
      data: Duration.seconds(q.data_seconds),
      block: Duration.seconds(q.block_seconds),
      final: Duration.seconds(q.final_seconds),
    },
  };
};

const holdsOf = (h: ConfigFile["holds"]): Config["holds"] => ({
  grace: {
    ms: h.grace_seconds * 1000,
    accounts: new Map(
      Object.entries(h.grace ?? {}).flatMap(([address, seconds]) => {
        const mailbox = parseMailbox(address);
        return mailbox === null ? [] : [[addressKey(mailbox), seconds * 1000] as const];
      }),
    ),
    notify: h.notify_grace,
  },
  burst: h.burst_recipients === 0
    ? null
    : { recipients: h.burst_recipients, withinMs: h.burst_minutes * 60_000 },
  unusual: {
    address: h.unusual.includes("address"),
    name: h.unusual.includes("name"),
    withinMs: h.unusual_days * 86_400_000,
  },
  lastsMs: h.minutes * 60_000,
  then: h.then,
  notify: h.notify,
});

/** `[::]` takes IPv4 as well (RFC 3493 §5.3), so that `0.0.0.0` beside it would find its port taken. */
const listeners = (texts: ReadonlyArray<string>): ReadonlyArray<SocketAddress> => {
  const all = texts.flatMap((t) => parseListener(t) ?? []);
  const both = (port: number): boolean =>
    port !== 0 && all.some((a) => a.host === "::" && a.port === port);
  return all.filter((a) => a.host !== "0.0.0.0" || !both(a.port));
};

const httpOf = (h: NonNullable<ConfigFile["http"]>): HttpSettings => ({
  listen: listeners(h.listen),
  plain: listeners(h.listen_plain),
  trustedProxies: h.trusted_proxies,
  autodiscoverV2: h.autodiscover_v2,
});

const dnsServerOf = (d: NonNullable<ConfigFile["dns_server"]>): DnsServerSettings => ({
  listen: listeners(d.listen),
  zones: d.zones.flatMap((z) => zoneName(z) ?? []),
  ns: d.ns.map(ascii),
  mailbox: d.mailbox,
  ttlSeconds: d.ttl_seconds,
  responsesPerSecond: d.responses_per_second,
  drain: d.drain,
});

const ownOf = (c: ConfigFile, issuers: ReadonlyArray<Issuer>): OwnListeners =>
  ownListeners({
    hostname: ascii(c.hostname),
    submission: listeners(c.listen.submission),
    submissions: listeners(c.listen.submissions),
    mechanisms: c.auth.mechanisms,
    issuers: issuers.map((i) => i.issuer),
    http: c.http !== undefined,
  });

const offers = (c: ConfigFile, own: OwnListeners): Config["domains"] =>
  c.domain.map((d) => {
    const { host = own.host, ...settings } = domainSettings(d);
    return offerOf(settings, { ...own, host, web: own.web === null ? null : host });
  });

/** What was made before, because it can fail. */
interface Made {
  readonly routes: RouteTable;
  readonly issuers: ReadonlyArray<Issuer>;
  readonly events: EventSettings;
  readonly burl: ReadonlyArray<ImapServer>;
  readonly replica: ReplicaConfig | null;
  readonly notices: ReadonlyArray<Problem>;
}

/** `strict` is what `one` was called before. */
const headerCheck = (given: ConfigFile["rights"]["header_check"]) =>
  given === "strict" ? "one" : given;

/** `resolve` makes paths absolute. */
export const toConfig = (
  file: string,
  c: ConfigFile,
  { routes, issuers, events, burl, replica, notices }: Made,
  resolve: (path: string) => string,
): Config => ({
  file,
  notices,
  hostname: ascii(c.hostname),
  listen: {
    submission: listeners(c.listen.submission),
    submissions: listeners(c.listen.submissions),
    proxyFrom: c.listen.proxy_from,
    xclientFrom: c.listen.xclient_from,
  },
  tls: {
    default: { certificate: resolve(c.tls.certificate), key: resolve(c.tls.key) },
    sni: c.tls.sni.map((p) => ({ certificate: resolve(p.certificate), key: resolve(p.key) })),
    clientCa: c.tls.client_ca === undefined ? null : resolve(c.tls.client_ca),
  },
  spool: {
    path: c.spool.url === "none" ? null : resolve(sqlitePath(c.spool.url)),
    keep: Duration.days(c.spool.keep_days),
    memoryBytes: c.spool.memory_mb * 1024 * 1024,
  },
  accounts: {
    path: resolve(sqlitePath(c.accounts.url)),
    passwordLength: c.accounts.password_length,
    iterations: c.accounts.iterations,
    remember: Duration.minutes(c.accounts.remember_minutes),
    groups: groupsOf(c),
  },
  auth: { mechanisms: [...new Set(c.auth.mechanisms)], issuers },
  routes,
  nextHop: nextHopOf(c.next_hop, ascii(c.hostname)),
  own: ownOf(c, issuers),
  domains: offers(c, ownOf(c, issuers)),
  http: c.http === undefined ? null : httpOf(c.http),
  dnsServer: c.dns_server === undefined ? null : dnsServerOf(c.dns_server),
  limits: limitsOf(c.limits),
  sealKeyFile: c.headers.seal_key_file === undefined ? null : resolve(c.headers.seal_key_file),
  extensions: extensionsOf(c.extensions, burl),
  burl,
  heldMessages: c.extensions.future_release_messages,
  headers: {
    received: c.headers.received,
    date: c.headers.date,
    messageId: c.headers.message_id,
    severalLists: c.headers.several_lists,
    emptyLists: c.headers.empty_lists,
    obsoleteAddresses: c.headers.obsolete_addresses,
    mimeVersion: c.headers.mime_version,
    layout: c.headers.layout,
    from: c.headers.from,
    duplicates: c.headers.duplicates,
    rawUtf8: c.headers.raw_utf8,
    undisclosed: c.headers.undisclosed,
    longLines: c.headers.long_lines,
    eightBitBody: c.dkim.keys !== undefined && c.dkim.seven_bit ? "encode" : "keep",
    domains: domainsOf(c.headers.domains ?? {}),
    senderMatch: c.headers.sender_match,
    foreignSender: c.headers.foreign_sender,
  },
  rights: {
    localDomains: c.rights.local_domains?.map(ascii) ?? null,
    separator: orNone(c.rights.separator),
    separators: Object.fromEntries(
      Object.entries(c.rights.separators ?? {}).map(([d, s]) => [ascii(d), orNone(s)]),
    ),
    grants: grantsOf(c),
    permissions: permissionsOf(c),
    checks: {
      header: headerCheck(c.rights.header_check),
      resend: c.rights.resend,
      nameAddress: c.rights.name_address,
    },
  },
  rewriting: rewritesOf(c),
  dkim: {
    keys: c.dkim.keys === undefined ? null : resolve(c.dkim.keys),
    mustSign: c.dkim.must_sign.map(ascii),
    expire: c.dkim.expire_days === 0 ? null : Duration.days(c.dkim.expire_days),
    check: Duration.minutes(c.dkim.check_minutes),
  },
  filters: c.filter.flatMap((f) => {
    const at = parseFilterPlace(f.via);
    return at === null ? [] : [{
      name: f.name,
      at,
      passwordFile: f.password_file === undefined ? null : resolve(f.password_file),
      within: Duration.seconds(f.timeout_seconds),
      onFault: f.on_failure,
    }];
  }),
  policies: {
    file: c.policies.file === undefined ? null : resolve(c.policies.file),
    limit: Duration.millis(c.policies.timeout_ms),
    onFault: c.policies.on_failure,
  },
  holds: holdsOf(c.holds),
  records: {
    path: resolve(sqlitePath(c.records.url)),
    refusals: c.records.refusals,
    accepted: c.records.accepted,
    keep: Duration.days(c.records.keep_days),
  },
  queue: queueOf(c.queue),
  replica,
  events,
  dns: dnsOf(c.dns, resolve),
  discover: discoverOf(c.discover, resolve),
  log: {
    level: c.log.level,
    format: c.log.format,
    linesPerClient: c.log.lines_per_client,
  },
});
