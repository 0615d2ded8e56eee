/**
 * The model: one value that says what a mail domain offers. Everything that is published, served or checked is
 * derived from it. It uses no runtime: it works on a server, at the edge and in a browser.
 */
import { type Auth, type Service, SRV_LABELS, type UsernameForm, WELL_KNOWN } from "./service.ts";

/** A host, and the IP addresses that are published for it. */
export interface HostAddresses {
  readonly host: string;
  readonly addresses: ReadonlyArray<string>;
}

/** One MX record. RFC 5321 §5.1 */
export interface MailExchanger {
  readonly preference: number;
  /** `.`: the domain takes no mail. RFC 7505 §3 */
  readonly host: string;
}

/** What `SELECTOR._domainkey` says, whole: `v=DKIM1; k=ed25519; p=...`. RFC 6376 §3.6.1 */
export interface DkimKey {
  readonly selector: string;
  readonly value: string;
}

/** RFC 8461 §3.2 */
export interface MtaSts {
  readonly mode: "enforce" | "testing" | "none";
  /** Names or `*.` patterns that a certificate must have. */
  readonly mx: ReadonlyArray<string>;
  readonly maxAgeSeconds: number;
}

/** RFC 8659 §4.1 */
export interface Caa {
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/** RFC 6698 §2.1; `owner` is port, protocol and host. */
export interface Tlsa {
  readonly owner: string;
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  /** Hexadecimal, lower case. */
  readonly certificate: string;
}

/** Null and empty lists: we have no say in this, and publish nothing about it. */
export interface Offer {
  /** A-labels in lower case. */
  readonly domain: string;
  /** For people. */
  readonly name: string;
  readonly shortName: string;
  /** In order of preference. */
  readonly services: ReadonlyArray<Service>;
  /** Labels of services that are published as not offered. RFC 6186 §3.4 */
  readonly absent: ReadonlyArray<string>;
  /** The host that answers the HTTP endpoints. */
  readonly web: string | null;
  /** Hosts whose address records are published. */
  readonly hosts: ReadonlyArray<HostAddresses>;
  readonly mx: ReadonlyArray<MailExchanger>;
  readonly dkim: ReadonlyArray<DkimKey>;
  readonly spf: string | null;
  readonly dmarc: string | null;
  readonly mtaSts: MtaSts | null;
  /** URIs that want TLS reports. RFC 8460 §3 */
  readonly tlsReports: ReadonlyArray<string>;
  readonly caa: ReadonlyArray<Caa>;
  readonly tlsa: ReadonlyArray<Tlsa>;
  readonly pacc: boolean;
  /** Issuer of OAuth tokens for public clients, published in PACC and autoconfig. */
  readonly oauthIssuer: string | null;
  /** A page for people that explains the set-up. */
  readonly documentation: string | null;
  readonly compat: {
    /** `_smtps._tcp`, which aerc reads. */
    readonly smtps: boolean;
    /** TXT `mailconf=`, which io-pim-discovery reads. */
    readonly mailconf: boolean;
    /** `_autodiscover._tcp`. Outlook asks its user where that leads to another domain. */
    readonly autodiscover: boolean;
  };
  /** Seconds that records may be kept. */
  readonly ttl: number;
}

/** What Postern itself listens on. */
export interface OwnListeners {
  readonly host: string;
  readonly submission: ReadonlyArray<number>;
  readonly submissions: ReadonlyArray<number>;
  /** How clients sign in here. Default: with their password. */
  readonly auth?: ReadonlyArray<Auth>;
  /** Issuer of the OAuth tokens that are taken here. */
  readonly oauthIssuer?: string | null;
  /** The host of the HTTP endpoints, where they are served. */
  readonly web: string | null;
}

/** A server that somebody runs; without figures it has an equal share of its label. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** Servers by SRV label. */
export type ServerLists = Readonly<Partial<Record<string, ReadonlyArray<ServerPlace>>>>;

/** What a site says about one domain, as far as it says anything. */
export type DomainSettings =
  & {
    readonly [K in keyof Omit<Offer, "domain" | "services" | "absent">]?: Offer[K] | undefined;
  }
  & {
    readonly domain: string;
    readonly auth?: ReadonlyArray<Auth> | undefined;
    readonly username?: UsernameForm | undefined;
    /** By label. A label that is not named: our own listeners, or not offered. */
    readonly servers?: ServerLists | undefined;
    /** Where a service over HTTPS starts, by label. */
    readonly paths?: Readonly<Partial<Record<string, string>>> | undefined;
  };

/**
 * Priorities that put the better secured label first, and IMAP before POP3, for clients that compare
 * across labels. RFC 6186 §3.4, RFC 8314 §3
 */
const PRIORITY: Readonly<Record<string, number>> = {
  "_submission._tcp": 10,
  "_imap._tcp": 10,
  "_pop3s._tcp": 20,
  "_pop3._tcp": 30,
};

const ownServers = (own: OwnListeners): ServerLists => ({
  "_submissions._tcp": placesOf(own.host, own.submissions),
  "_submission._tcp": placesOf(own.host, own.submission),
});

/** One name may listen on many addresses with one port. */
const placesOf = (host: string, ports: ReadonlyArray<number>): ReadonlyArray<ServerPlace> =>
  [...new Set(ports)].filter((port) => port > 0).map((port) => ({ host, port }));

/** Mail protocols: a client that finds none of them probes and guesses. P-3 */
const MAIL: ReadonlySet<string> = new Set(["submission", "imap", "pop3"]);

/** What is known to be absent: of a domain that a site has described, all mail; else our own part of it. */
const absentOf = (servers: ServerLists, described: boolean): ReadonlyArray<string> =>
  SRV_LABELS.filter(({ label, kind }) => {
    const places = servers[label];
    if (places !== undefined) return places.length === 0;
    return described && MAIL.has(kind);
  }).map(({ label }) => label);

/** The offer of a domain: what is said about it, and for the rest Postern's own listeners. */
export const offerOf = (s: DomainSettings, own: OwnListeners): Offer => {
  const servers = { ...ownServers(own), ...s.servers };
  const theirs = s.auth ?? ["password"];
  const ours = s.auth ?? own.auth ?? theirs;
  const username = s.username ?? "address";
  const services = SRV_LABELS.flatMap(({ label, kind, security }) =>
    (servers[label] ?? []).map((place): Service => ({
      kind,
      security,
      host: place.host,
      port: place.port,
      path: security === "https" ? s.paths?.[label] ?? WELL_KNOWN[kind] ?? "/" : null,
      auth: kind === "submission" ? ours : theirs,
      username,
      priority: place.priority ?? PRIORITY[label] ?? 0,
      weight: place.weight ?? 1,
    }))
  );
  return {
    domain: s.domain,
    name: s.name ?? s.domain,
    shortName: s.shortName ?? s.name ?? s.domain,
    services,
    absent: absentOf(servers, s.servers !== undefined),
    web: s.web === undefined ? own.web : s.web,
    hosts: s.hosts ?? [],
    mx: s.mx ?? [],
    dkim: s.dkim ?? [],
    spf: s.spf ?? null,
    dmarc: s.dmarc ?? null,
    mtaSts: s.mtaSts ?? null,
    tlsReports: s.tlsReports ?? [],
    caa: s.caa ?? [],
    tlsa: s.tlsa ?? [],
    pacc: s.pacc ?? true,
    oauthIssuer: s.oauthIssuer ?? own.oauthIssuer ?? null,
    documentation: s.documentation ?? null,
    compat: s.compat ?? { smtps: false, mailconf: false, autodiscover: false },
    ttl: s.ttl ?? 3600,
  };
};

/** Whether `name` is `parent` or below it; both A-labels in lower case. */
export const within = (name: string, parent: string): boolean =>
  name === parent || name.endsWith(`.${parent}`);

/** The services of an offer of one kind, in order of preference. */
export const servicesOf = (
  offer: Offer,
  ...kinds: ReadonlyArray<Service["kind"]>
): ReadonlyArray<Service> => offer.services.filter((s) => kinds.includes(s.kind));
