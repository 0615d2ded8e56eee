/** The settings of the relay. */
import type { Mailbox } from "../address/mailbox.ts";
import type { Credentials, HopLimits, Route, RouteTable, TlsLevel } from "../ports/routes.ts";
import { type RetryCurve, STANDARD_CURVE } from "./retry.ts";

/** All in milliseconds. RFC 5321 §4.5.3.2 */
export interface Patience {
  readonly connect: number;
  readonly handshake: number;
  readonly greeting: number;
  /** EHLO, STARTTLS, AUTH, RSET, MAIL, RCPT. */
  readonly command: number;
  /** The reply to DATA. */
  readonly data: number;
  /** One block of the content. */
  readonly block: number;
  /** The reply to the end of data. */
  readonly final: number;
  /** How long a connection without work is kept. */
  readonly idle: number;
}

/** What belongs to a route and may not stand in its hop. */
export interface HopAccess {
  readonly credentials: Credentials | null;
  /** PEM file with the authorities that may vouch for the hop; null: the system's. */
  readonly ca: string | null;
  /** Absent: none but those of all hops. */
  readonly limits?: HopLimits;
}

/** How the relay delivers; `relaySettings(hostname)` has the defaults. RFC 5321 §4.5.4 */
export interface RelaySettings {
  /** Our own FQDN: EHLO, Reporting-MTA, mailer-daemon. */
  readonly hostname: string;
  /** Names under which MX records may point at ourselves, lower case. RFC 5321 §5.1 */
  readonly ownNames: ReadonlyArray<string>;
  /** Addresses at which mail would come back to us. RFC 5321 §5.1 */
  readonly isOurs: (address: string) => boolean;
  /** Exchangers of a domain may be on this very machine: not what a stranger's records should lead to. docs/design/threats.md row 33 */
  readonly loopbackExchangers: boolean;
  /** Whether TLSA records are looked for. RFC 7672 */
  readonly dane: boolean;
  /** What this site asks for towards the exchangers of a domain, besides what their route says. HOP-20 */
  readonly tlsLevel: (domain: string) => TlsLevel;
  readonly access: (route: Route) => HopAccess;
  /** The next hop that an operator chose for a recipient, from its text; null: it means nothing any more. */
  readonly rerouted: (via: string, recipient: Mailbox) => Route | null;
  readonly connectionsPerHop: number;
  readonly maxConnections: number;
  readonly messagesPerConnection: number;
  /** Deliveries held at a time, waiting and under way. */
  readonly window: number;
  readonly retry: RetryCurve;
  /** Who gets reports of failures too; null: nobody. */
  readonly postmasterCopy: Mailbox | null;
  readonly patience: Patience;
  /** How long a hop that could not be reached is left alone. */
  readonly pauseMs: number;
  /** How long a client may wait for what the next hop says. RFC 5321 §4.5.3.2.6 */
  readonly passMs: number;
  /** How long running transactions may take at shutdown. */
  readonly graceMs: number;
  /** True while sessions keep the server busy: a hop then has one connection. */
  readonly yields: () => boolean;
}

const MINUTE = 60_000;

export const STANDARD_PATIENCE: Patience = {
  connect: 30_000,
  handshake: MINUTE,
  greeting: 5 * MINUTE,
  command: 5 * MINUTE,
  data: 2 * MINUTE,
  block: 3 * MINUTE,
  final: 10 * MINUTE,
  idle: 5_000,
};

/** The defaults, with no credentials. */
export const relaySettings = (hostname: string): RelaySettings => ({
  hostname,
  ownNames: [hostname.toLowerCase()],
  isOurs: () => false,
  loopbackExchangers: false,
  dane: true,
  tlsLevel: () => "none",
  access: () => NO_ACCESS,
  rerouted: () => null,
  connectionsPerHop: 4,
  maxConnections: 200,
  messagesPerConnection: 500,
  window: 1_000,
  retry: STANDARD_CURVE,
  postmasterCopy: null,
  patience: STANDARD_PATIENCE,
  pauseMs: 10_000,
  passMs: 9 * MINUTE,
  graceMs: 10_000,
  yields: () => false,
});

const NO_ACCESS: HopAccess = { credentials: null, ca: null };

/** `access` over a route table. */
export const accessOf = (table: RouteTable): RelaySettings["access"] => {
  const all = table.map(({ credentials, ca, limits }): HopAccess =>
    limits === undefined ? { credentials, ca } : { credentials, ca, limits }
  );
  return ({ rule }) => (rule === undefined ? undefined : all[rule]) ?? NO_ACCESS;
};
