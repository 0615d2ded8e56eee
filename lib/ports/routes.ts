/** Which next hop gets a recipient. */
import { Context, type Effect, type Redacted } from "effect";
import type { Mailbox } from "../address/mailbox.ts";

/** `none`: never; `opportunistic`: if offered, unverified (RFC 7435); `required`: verified or not at all. */
export type TlsLevel = "none" | "opportunistic" | "required";

export type NextHop =
  /** `implicitTls`: smtps. `login` says that the route has credentials; they are not part of this value. */
  | {
    readonly _tag: "Smtp" | "Lmtp";
    readonly host: string;
    readonly port: number;
    readonly implicitTls: boolean;
    readonly tls: TlsLevel;
    readonly login: string | null;
  }
  | { readonly _tag: "LmtpUnix"; readonly path: string }
  | { readonly _tag: "Maildir"; readonly path: string }
  /** The recipient domain's own mail exchangers; `domain` is an A-label name. */
  | { readonly _tag: "Mx"; readonly domain: string; readonly port: number; readonly tls: TlsLevel };

/** One key per next hop, without secrets: groups the queue and names the hop for people. */
export const hopKey = (hop: NextHop): string => {
  switch (hop._tag) {
    case "Smtp":
      return `${hop.implicitTls ? "smtps" : "smtp"}://${
        hop.login === null ? "" : `${encodeURIComponent(hop.login)}@`
      }${hop.host}:${hop.port}`;
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

/** A next hop before the recipient is known: with `mx` the domain is still open. */
export type HopTemplate =
  | Exclude<NextHop, { readonly _tag: "Mx" }>
  | { readonly _tag: "MxOfRecipient"; readonly port: number; readonly tls: TlsLevel };

/** One configured route. */
export interface RouteRule {
  /** `*`, `*.example.net` (names below it, not itself) or a domain; names as lower-case A-labels. */
  readonly pattern: string;
  readonly hop: HopTemplate;
  readonly credentials: Credentials | null;
  /** PEM file with the authorities that may vouch for this hop; null: the system's. */
  readonly ca: string | null;
}

/** The most specific pattern that matches decides; of equal ones the first. */
export type RouteTable = ReadonlyArray<RouteRule>;

export interface Route {
  readonly hop: NextHop;
  /** The `to` pattern that matched, for the trail. */
  readonly pattern: string;
}

export class Routes extends Context.Service<Routes, {
  readonly find: (recipient: Mailbox) => Effect.Effect<Route | null>;
}>()("postern/Routes") {}
