/** What discovery finds, as data: the stable JSON of library, HTTP and command line. docs/design/autodiscovery.md §9.1 */
import type { Auth, Kind, Security } from "../service.ts";
import type { ProbeReport } from "./ports.ts";

/** Grows when a field changes its meaning or goes; new fields may come at any time. */
export const RESULT_VERSION = 1;

/** In the order of rank. docs/design/autodiscovery.md §9.2 */
export const METHODS = [
  "local",
  "pacc",
  "srv",
  "autoconfig",
  "pox",
  "mx",
  "ispdb",
  "http",
  "guess",
] as const;
/** A way to find services. */
export type Method = typeof METHODS[number];

/** How sure it is that the domain's owner named a server. */
export type Trust = "verified" | "same-domain" | "third-party" | "insecure";
/** From best to worst. */
export const TRUSTS: ReadonlyArray<Trust> = ["verified", "same-domain", "third-party", "insecure"];

/** Why a person has to agree. docs/design/autodiscovery.md §9.6 */
export type ConfirmReason =
  | "target-outside-domain"
  | "target-sibling"
  | "mx-derived"
  | "http-used"
  | "http-redirect"
  | "cross-domain-redirect"
  | "provider-mismatch"
  | "ispdb"
  | "guess"
  | "no-tls"
  | "wildcard"
  | "conflict";

/** A question for a person, to be agreed to before a password is sent. */
export interface Confirm {
  readonly reason: ConfirmReason;
  /** Registrable domains that would get the password. SEC-9 */
  readonly domains: ReadonlyArray<string>;
}

/** Whether DNSSEC vouches for the records that something was found by. RFC 4033 §5 */
export type Dnssec = "secure" | "insecure" | "unknown";

/** Where something was found. */
export interface Source {
  readonly method: Method;
  /** Of SRV: where it was found, and through which aliases. SRV-8 */
  readonly name?: string;
  readonly aliases?: ReadonlyArray<string>;
  readonly priority?: number;
  readonly weight?: number;
  readonly url?: string;
  readonly dnssec?: Dnssec;
}

/** What to sign in with, and who says so. */
export interface Username {
  /** Null where no address was given. */
  readonly value: string | null;
  readonly form: "address" | "local" | "other";
  /** `default`: no source states it, so that it is a guess. SEC-11 */
  readonly source: Method | "default";
}

/** One service of the domain: where it is, how to sign in, how much it may be trusted. */
export interface FoundService {
  readonly kind: Kind;
  readonly tls: Security;
  readonly host: string;
  readonly port: number;
  readonly url: string | null;
  readonly username: Username;
  /** Preferred first; empty where no source states it. */
  readonly auth: ReadonlyArray<Auth>;
  /** Among the services of its kind; 0 is the one to use. */
  readonly rank: number;
  readonly trust: Trust;
  readonly confirm: ReadonlyArray<Confirm>;
  /** Why it may not be used; null where it may. SEC-1 */
  readonly rejected: string | null;
  readonly sources: ReadonlyArray<Source>;
  readonly probe: ProbeReport | null;
}

/** Two servers for one purpose, from different sources. docs/design/autodiscovery.md §9.3 */
export interface Conflict {
  readonly kind: Kind;
  readonly chosen: string;
  readonly other: string;
}

/** Something odd that was met on the way; `code` is stable, `detail` is for people. */
export interface Warning {
  readonly code: string;
  readonly detail: string;
}

/** One thing that was tried. */
export interface Attempt {
  readonly method: Method;
  readonly target: string;
  readonly ms: number;
  /** `found`, `not-published`, `nxdomain`, `timeout`, `http-404`, ... */
  readonly outcome: string;
  readonly detail: string | null;
}

/**
 * `ok`: use it; `confirm`: ask a person first; `partial`: something is missing; `none`: nothing usable; `tempfail`:
 * not known now.
 */
export type Verdict = "ok" | "confirm" | "partial" | "none" | "tempfail";

/** All that was found for one address or domain. */
export interface DiscoverResult {
  readonly version: typeof RESULT_VERSION;
  readonly email: string | null;
  readonly domain: string;
  readonly verdict: Verdict;
  /** What people call the provider; null where no source says. */
  readonly provider: string | null;
  /** RFC 6186 §3.4, SRV-9 */
  readonly incoming: "imap" | "pop3" | null;
  readonly services: ReadonlyArray<FoundService>;
  /** Labels whose owner says that the service is not offered: `pop3`, `imaps`. */
  readonly absent: ReadonlyArray<string>;
  readonly conflicts: ReadonlyArray<Conflict>;
  readonly warnings: ReadonlyArray<Warning>;
  readonly attempts: ReadonlyArray<Attempt>;
  /** Seconds for which asking again would say the same. */
  readonly ttl: number;
  /** Not to be asked again at every connection. RFC 8314 §5.1, SEC-2 */
  readonly storeUntil: "user-reconfigures";
}

/** 0 usable, 3 needs confirmation, 4 nothing usable, 5 try again later. docs/design/autodiscovery.md §9.1 */
export const exitCode = (verdict: Verdict): 0 | 3 | 4 | 5 => {
  switch (verdict) {
    case "ok":
    case "partial":
      return 0;
    case "confirm":
      return 3;
    case "none":
      return 4;
    case "tempfail":
      return 5;
  }
};

/** The service of a kind that is to be used; null where there is none. */
export const selected = (
  r: Pick<DiscoverResult, "services">,
  kind: Kind,
): FoundService | null =>
  r.services.find((s) => s.kind === kind && s.rank === 0 && s.rejected === null) ?? null;
