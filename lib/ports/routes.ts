/** Which next hop gets a recipient. */
import { Context, type Effect, type Redacted } from "effect";
import type { Mailbox } from "../address/mailbox.ts";

/**
 * How much TLS a hop gets, from nothing to everything: `none`: never; `opportunistic`: if offered, unverified
 * (RFC 7435); `encrypt`: always, unverified; `required`: verified or not at all (RFC 9525); `dane`: by its TLSA
 * records where it has any, else as `required`; `dane-only`: by its TLSA records or not at all (RFC 7672).
 */
export type TlsLevel = "none" | "opportunistic" | "encrypt" | "required" | "dane" | "dane-only";

const STRICTNESS: ReadonlyArray<TlsLevel> = [
  "none",
  "opportunistic",
  "encrypt",
  "required",
  "dane",
  "dane-only",
];

/** The strictest wins. HOP-20 */
export const stricter = (a: TlsLevel, b: TlsLevel): TlsLevel =>
  STRICTNESS.indexOf(a) >= STRICTNESS.indexOf(b) ? a : b;

/** One configured host. `implicitTls`: smtps. `login`: the route has credentials; they are no part of this value. */
export interface HostHop {
  readonly _tag: "Smtp" | "Lmtp";
  readonly host: string;
  readonly port: number;
  readonly implicitTls: boolean;
  readonly tls: TlsLevel;
  readonly login: string | null;
}

/** The hosts that SRV records name. RFC 2782 */
export interface SrvHop {
  readonly _tag: "Srv";
  /** `_service._tcp.domain` in A-labels. */
  readonly name: string;
  readonly implicitTls: boolean;
  readonly tls: TlsLevel;
  readonly login: string | null;
}

/** A mail store that speaks LMTP on a Unix socket. RFC 2033 */
export interface LmtpUnixHop {
  readonly _tag: "LmtpUnix";
  readonly path: string;
}

/** What a list of next hops may hold: all of one protocol. */
export type SeveralMember = HostHop | SrvHop | LmtpUnixHop;

/** Several next hops, of which the first that answers gets the message. */
export interface SeveralHop {
  readonly _tag: "Several";
  readonly hops: ReadonlyArray<SeveralMember>;
  /** One per hop, by which the order is drawn; 0: only behind the others. Null: in the order given. */
  readonly weights: ReadonlyArray<number> | null;
}

/** Where a message goes next. */
export type NextHop =
  | HostHop
  | SrvHop
  | LmtpUnixHop
  | SeveralHop
  | { readonly _tag: "Maildir"; readonly path: string }
  /** The recipient domain's own mail exchangers; `domain` is an A-label name. */
  | { readonly _tag: "Mx"; readonly domain: string; readonly port: number; readonly tls: TlsLevel };

/** Whether mail ends there: what a hop of LMTP or a Maildir has taken goes no further. RFC 2033 §3 */
export const finalHop = (hop: NextHop): boolean => {
  switch (hop._tag) {
    case "Several":
      return hop.hops.some(finalHop);
    case "Smtp":
    case "Srv":
    case "Mx":
      return false;
    default:
      return true;
  }
};

const loginPart = (login: string | null): string =>
  login === null ? "" : `${encodeURIComponent(login)}@`;

/** One key per next hop, without secrets: groups the queue and names the hop for people. */
export const hopKey = (hop: NextHop): string => {
  switch (hop._tag) {
    case "Smtp":
      return `${hop.implicitTls ? "smtps" : "smtp"}://${
        loginPart(hop.login)
      }${hop.host}:${hop.port}`;
    case "Srv":
      return `srv://${loginPart(hop.login)}${hop.name}`;
    case "Several":
      return hop.hops.map((h, i) =>
        `${hopKey(h)}${hop.weights === null ? "" : `*${hop.weights[i]}`}`
      )
        .join(", ");
    case "Lmtp":
      return `lmtp://${hop.host}:${hop.port}`;
    case "LmtpUnix":
      return `lmtp+unix:${hop.path}`;
    case "Maildir":
      return `maildir:${hop.path}`;
    case "Mx":
      return `mx:${hop.domain}`;
  }
};

/** What signs in at a smarthost; kept apart from `NextHop`, which is stored and shown. */
export interface Credentials {
  readonly username: string;
  readonly password: Redacted.Redacted<string>;
}

/** A next hop before the recipient is known: with `mx` the domain, or the address literal, is still open. */
export type HopTemplate =
  | Exclude<NextHop, { readonly _tag: "Mx" }>
  | { readonly _tag: "MxOfRecipient"; readonly port: number; readonly tls: TlsLevel };

/** Whom a condition names: an address, all of a domain, all below one, or the null return path. */
export type Party =
  | { readonly _tag: "Address"; readonly local: string; readonly domain: string }
  /** `below`: the names below it, not itself. Lower-case A-labels. */
  | { readonly _tag: "Domain"; readonly domain: string; readonly below: boolean }
  | { readonly _tag: "Null" };

/** What else must hold for a route to be taken; each part null where it does not matter. */
export interface RouteConditions {
  readonly sender: ReadonlyArray<Party> | null;
  /** Accounts by name, in lower case; `@domain` for all of a domain. */
  readonly account: ReadonlyArray<string> | null;
  /** Octets, both included. */
  readonly size: Range | null;
  /** MT-PRIORITY, both included. RFC 6710 §3 */
  readonly priority: Range | null;
}

/** From `least` to `most`, both included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export const UNCONDITIONAL: RouteConditions = {
  sender: null,
  account: null,
  size: null,
  priority: null,
};

/** What a route lets one next hop have; null: as much as all the others. */
export interface HopLimits {
  /** At once. */
  readonly connections: number | null;
  /** Messages. */
  readonly perMinute: number | null;
}

/** How a route passes messages through, so that the 250 to the client is the next hop's own. */
export interface PassThrough {
  /** The next hop is shown the login of the client. */
  readonly login: boolean;
  /** What cannot be passed through goes by the spool; else it is refused. */
  readonly spool: boolean;
}

/** One configured route. */
export interface RouteRule {
  /** An address, a domain, `*.example.net` (names below it, not itself), `*`, or `[*]` for address literals. */
  readonly pattern: string;
  readonly hop: HopTemplate;
  readonly credentials: Credentials | null;
  /** PEM file with the authorities trusted for this hop; null: the system's. */
  readonly ca: string | null;
  /** Absent: the route has no conditions. */
  readonly when?: RouteConditions;
  readonly limits?: HopLimits;
  /** Absent: the 250 promises the message in the spool. */
  readonly passThrough?: PassThrough;
  /** It promises a copy on a second server too. */
  readonly replicated?: true;
}

/** The most specific pattern whose conditions hold decides; of equal ones the first. */
export type RouteTable = ReadonlyArray<RouteRule>;

/** The next hop of one recipient, and how the message goes there. */
export interface Route {
  readonly hop: NextHop;
  /** The `to` pattern that matched, for the trail. */
  readonly pattern: string;
  /** Which route of the table it is, counted from 0; absent: one that no table knows. */
  readonly rule?: number;
  /** See `RouteRule`. */
  readonly passThrough?: PassThrough;
  readonly replicated?: true;
}

/** What is known of a message besides its recipient when a route is chosen. */
export interface RouteFacts {
  /** The return path. */
  readonly sender: Mailbox | null;
  /** By id; null for what we send ourselves. */
  readonly account: string | null;
  /** Octets; what was declared where the message is not there yet. */
  readonly size: number;
  /** RFC 6710 §3 */
  readonly priority: number;
}

/** What we send ourselves has the null return path, no account and, before it is written, no size. RFC 3461 §6.1 */
export const OWN_MAIL: RouteFacts = { sender: null, account: null, size: 0, priority: 0 };

export interface RoutesService {
  readonly find: (recipient: Mailbox, message: RouteFacts) => Effect.Effect<Route | null>;
}

const RoutesBase: Context.ServiceClass<Routes, "postern/Routes", RoutesService> = Context.Service<
  Routes,
  RoutesService
>()("postern/Routes");

/** The key under which an Effect asks for {@link RoutesService}. */
export class Routes extends RoutesBase {}
