/**
 * The configuration as the program uses it: checked, with defaults filled in, paths absolute, secrets redacted. The
 * keys of the file are in `schema/`.
 */
import type { Mailbox } from "../address/mailbox.ts";
import { Data, type Duration, type Redacted } from "effect";
import type { Group } from "../address/grant.ts";
import type { RewriteSettings } from "../address/rewrite.ts";
import type { Offer, OwnListeners } from "../discovery/offer.ts";
import type { DnsServer, TrustAd } from "../dns/server.ts";
import type { Issuer } from "../oauth/issuer.ts";
import type { SocketAddress } from "./values/address.ts";
import type { FilterAddress } from "./values/filter_place.ts";
import type { EventKind } from "../ports/outbox.ts";
import type { RouteTable, TlsLevel } from "../ports/routes.ts";
import type { WebhookSettings } from "../events/webhook.ts";
import type { MechanismName } from "../sasl/all.ts";
import type { ImapServer } from "../ports/url_fetcher.ts";
import type { HoldSettings } from "../ports/holds.ts";
import type { OptionalExtensions } from "../smtp/server/extensions/all.ts";
import type { HeaderRules, RightsSettings } from "../stages/policy.ts";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

/** Absolute paths of PEM files. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

/** `[limits]`: every bound of the server. Sizes count octets. RFC 5321 §4.5.3 */
export interface Limits {
  readonly messageBytes: number;
  readonly recipients: number;
  /** MAIL commands of one connection. RFC 9422 §4.1 */
  readonly messagesPerSession: number;
  readonly commandLineBytes: number;
  readonly authLineBytes: number;
  /** Octets of message data of all sessions that are not on disk yet. */
  readonly dataBytes: number;
  readonly headerBytes: number;
  readonly headerFields: number;
  readonly addressesPerField: number;
  readonly receivedFields: number;
  readonly idle: Duration.Duration;
  readonly data: Duration.Duration;
  readonly handshake: Duration.Duration;
  /** A reply is due within this time; slower checks end in 451. RFC 6409 §5.3 */
  readonly answer: Duration.Duration;
  readonly errors: number;
  readonly idleCommands: number;
  readonly authFailures: number;
  readonly authDelay: Duration.Duration;
  readonly authLockFailures: number;
  readonly authLock: Duration.Duration;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly connectionsPerAccount: number;
  /** Zero: no limit; likewise the three below. */
  readonly messagesPerHour: number;
  readonly recipientsPerHour: number;
  readonly newRecipientsPerDay: number;
  readonly nullSendersPerHour: number;
  /** The same submission again within this time is answered with the first one's id; zero: is a new one. */
  readonly resubmit: Duration.Duration;
}

/** `[queue]`: how long and how often delivery is tried. RFC 5321 §4.5.4.1 */
export interface QueueSettings {
  /** Time between an attempt and the next; the last one repeats. */
  readonly retry: readonly [Duration.Duration, ...ReadonlyArray<Duration.Duration>];
  /** Each delay is spread by this share of itself to both sides, 0 to 0.5. */
  readonly jitter: number;
  readonly expire: Duration.Duration;
  /** For messages with a null return path. */
  readonly expireNull: Duration.Duration;
  /** When the sender is told of a delay; null: never. */
  readonly warn: Duration.Duration | null;
  /** So long an address that failed for good gets no mail; zero: at once again. */
  readonly suppress: Duration.Duration;
  /** Who gets reports of failures too; null: nobody. */
  readonly postmasterCopy: Mailbox | null;
  readonly connections: number;
  readonly connectionsPerHop: number;
  readonly messagesPerConnection: number;
  /** How long a client may wait for the next hop. */
  readonly passThrough: Duration.Duration;
  readonly timeouts: {
    readonly connect: Duration.Duration;
    readonly greeting: Duration.Duration;
    readonly command: Duration.Duration;
    readonly data: Duration.Duration;
    readonly block: Duration.Duration;
    readonly final: Duration.Duration;
  };
}

/** What holds for next hops of whatever route. */
export interface NextHopSettings {
  readonly dane: boolean;
  readonly mtaSts: boolean;
  /** Whom reports on TLS name for questions; null: there are none. RFC 8460 */
  readonly tlsReports: string | null;
  /** By pattern: a name, `*.name` or `*`. */
  readonly tlsLevels: ReadonlyMap<string, TlsLevel>;
  /** Lower case. */
  readonly ownNames: ReadonlyArray<string>;
  /** Addresses and networks. */
  readonly ownAddresses: ReadonlyArray<string>;
  readonly loopbackExchangers: boolean;
}

/** `[dns]`: which name servers are asked, and how much they are believed. */
export interface DnsSettings {
  /** Null: those of the system. */
  readonly servers: ReadonlyArray<DnsServer> | null;
  readonly timeout: Duration.Duration;
  readonly attempts: number;
  readonly trust: TrustAd;
  /** PEM file with authorities for servers over TLS; null: those of the system. */
  readonly ca: string | null;
}

/** `[dkim]`: where the keys are, and what is signed with them. RFC 6376 */
export interface DkimSettings {
  /** Directory of the keys; null: nothing is signed. */
  readonly keys: string | null;
  /** A-labels. */
  readonly mustSign: ReadonlyArray<string>;
  /** Null: signatures do not run out. */
  readonly expire: Duration.Duration | null;
  readonly check: Duration.Duration;
}

/** One `[[filter]]`: a content filter that each message is shown to. */
export interface FilterConfig {
  readonly name: string;
  readonly at: FilterAddress;
  /** File with the password of rspamd; null: it asks for none. */
  readonly passwordFile: string | null;
  readonly within: Duration.Duration;
  readonly onFault: "accept" | "refuse";
}

/** `[policies]`: the file with the site's own policy, and what becomes of messages that it cannot judge. */
export interface PolicySettings {
  /** Absolute path of the site's own policy; null: there is none. */
  readonly file: string | null;
  /** For one decision. */
  readonly limit: Duration.Duration;
  /** What becomes of a message that it could not judge. */
  readonly onFault: "accept" | "refuse";
}

/** `[records]`: which submissions are remembered for `postern trace`, and for how long. */
export interface RecordsSettings {
  readonly path: string;
  readonly refusals: boolean;
  readonly accepted: boolean;
  readonly keep: Duration.Duration;
}

/** `[discover]`: how `postern discover` and its endpoint look for other people's services. */
export interface DiscoverSettings {
  readonly databases: ReadonlyArray<string>;
  readonly privateAddresses: boolean;
  readonly timeout: Duration.Duration;
  /** PEM file with authorities; null: those of the system. */
  readonly ca: string | null;
  readonly http: boolean;
  readonly requestsPerMinute: number;
  readonly requestsPerDomainPerMinute: number;
}

/** `[log]`: level and form of the lines on standard error. */
export interface LogSettings {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly format: "text" | "json";
  /** Lines about errors of one client within an hour; more are counted and told once. RFC 6409 §5.2 */
  readonly linesPerClient: number;
}

/** `[http]`: autoconfiguration for mail programs. */
export interface HttpSettings {
  readonly listen: ReadonlyArray<SocketAddress>;
  /** Without TLS, behind a proxy. */
  readonly plain: ReadonlyArray<SocketAddress>;
  readonly trustedProxies: ReadonlyArray<string>;
  readonly autodiscoverV2: boolean;
}

/** `[dns_server]`: zones that we answer for. */
export interface DnsServerSettings {
  readonly listen: ReadonlyArray<SocketAddress>;
  readonly zones: ReadonlyArray<string>;
  readonly ns: ReadonlyArray<string>;
  readonly mailbox: string;
  readonly ttlSeconds: number;
  readonly responsesPerSecond: number;
  readonly drain: boolean;
}

/** `[replica]`: the server that keeps copies of ours, and those whose copies are kept here. */
export interface ReplicaConfig {
  readonly secret: Redacted.Redacted<string>;
  /** Who keeps copies of ours; null: nobody. */
  readonly to: SocketAddress | null;
  /** Absolute path; null: the authorities of the system. */
  readonly ca: string | null;
  readonly wait: Duration.Duration;
  /** Where others bring theirs; empty: nowhere. */
  readonly listen: ReadonlyArray<SocketAddress>;
  /** A-labels in lower case. */
  readonly nodes: ReadonlyArray<string>;
}

/** `[events]`: who hears of what befalls a message. */
export interface EventSettings {
  readonly webhook: WebhookSettings | null;
  /** Absolute path of the log. */
  readonly log: string | null;
  readonly kinds: ReadonlyArray<EventKind>;
  /** Events that were not taken are dropped after this time, and beyond this number. */
  readonly keep: Duration.Duration;
  readonly most: number;
}

/**
 * A whole configuration, checked, with every default filled in. `loadConfig` reads one; a program may change a copy.
 */
export interface Config {
  /** The file it came from; relative paths in it were taken from its directory. */
  readonly file: string;
  /** What is read otherwise than it is written; told at the start and by `config check`. */
  readonly notices: ReadonlyArray<Problem>;
  /** Our name in greeting, EHLO and Received: fully qualified, A-labels. */
  readonly hostname: string;
  readonly listen: {
    readonly submission: ReadonlyArray<SocketAddress>;
    readonly submissions: ReadonlyArray<SocketAddress>;
    /** Addresses and networks whose connections begin with a PROXY header. */
    readonly proxyFrom: ReadonlyArray<string>;
    /** Addresses and networks that may use XCLIENT. */
    readonly xclientFrom: ReadonlyArray<string>;
  };
  readonly tls: {
    readonly default: KeyPairFiles;
    readonly sni: ReadonlyArray<KeyPairFiles>;
    /** Authorities that may vouch for clients; null: no client is asked. */
    readonly clientCa: string | null;
  };
  readonly auth: {
    readonly mechanisms: ReadonlyArray<MechanismName>;
    readonly issuers: ReadonlyArray<Issuer>;
  };
  readonly spool: {
    /** Null: there is none, and every message is passed through. */
    readonly path: string | null;
    /** How long finished messages stay for `queue show`. */
    readonly keep: Duration.Duration;
    /** Where there is no spool: memory for messages on their way. */
    readonly memoryBytes: number;
  };
  readonly accounts: {
    readonly path: string;
    /** Characters of a new password, at least. */
    readonly passwordLength: number;
    readonly iterations: number;
    readonly remember: Duration.Duration;
    readonly groups: ReadonlyArray<Group>;
  };
  readonly routes: RouteTable;
  readonly nextHop: NextHopSettings;
  /** What clients find of our own listeners; for domains that are not in `domains`. */
  readonly own: OwnListeners;
  /** What the domains offer that autodiscovery knows. */
  readonly domains: ReadonlyArray<Offer>;
  /** Null: not served; likewise the next. */
  readonly http: HttpSettings | null;
  readonly dnsServer: DnsServerSettings | null;
  readonly limits: Limits;
  readonly extensions: OptionalExtensions;
  /** IMAP servers that parts are fetched from; empty: BURL is off. */
  readonly burl: ReadonlyArray<ImapServer>;
  /** Messages of one account that may wait for their time. RFC 4865 §6 */
  readonly heldMessages: number;
  readonly headers: HeaderRules;
  /** Key of sealed Received fields; null: there is none. */
  readonly sealKeyFile: string | null;
  readonly rights: RightsSettings;
  readonly rewriting: RewriteSettings;
  readonly dkim: DkimSettings;
  readonly filters: ReadonlyArray<FilterConfig>;
  readonly policies: PolicySettings;
  readonly holds: HoldSettings;
  readonly records: RecordsSettings;
  readonly queue: QueueSettings;
  /** Null: no message is copied, and no copy kept. */
  readonly replica: ReplicaConfig | null;
  readonly events: EventSettings;
  readonly dns: DnsSettings;
  readonly discover: DiscoverSettings;
  readonly log: LogSettings;
}

/** One thing that is wrong. `value` is safe to print: never a secret. */
export interface Problem {
  readonly file: string;
  /** Counted from 1; null where it cannot be told. */
  readonly line: number | null;
  readonly column: number | null;
  /** `limits.message_bytes`, `route[1].via`; null for the file as a whole. */
  readonly key: string | null;
  readonly value: string | null;
  /** What is wrong or what is allowed. */
  readonly message: string;
}

const ConfigErrorBase: TaggedErrorClass<"ConfigError"> = Data.TaggedError("ConfigError");

/** Everything that is wrong with a configuration, all at once. */
export class ConfigError extends ConfigErrorBase<{
  readonly file: string;
  readonly problems: ReadonlyArray<Problem>;
}> {
  override get message(): string {
    return this.problems.map(printProblem).join("\n");
  }
}

/** One line: `file:line:column: key = value: what is allowed`. */
export const printProblem = (p: Problem): string => {
  const where = p.line === null ? "" : p.column === null ? `:${p.line}` : `:${p.line}:${p.column}`;
  const what = p.key === null ? "" : p.value === null ? `${p.key}: ` : `${p.key} = ${p.value}: `;
  return `${p.file}${where}: ${what}${p.message}`;
};
