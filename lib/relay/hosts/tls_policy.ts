/**
 * How much TLS a host gets, by the route, DANE, MTA-STS and the message. The strictest wins. HOP-20
 *
 * Pure: the caller has asked DNS and the domain.
 */
import type { Tlsa } from "../../ports/dns.ts";
import { stricter, type TlsLevel } from "../../ports/routes.ts";
import type { StsPolicy } from "../../ports/sts_policies.ts";
import type { Session } from "../../smtp/client/state.ts";
import { stsCovers } from "../../discovery/sts_policy.ts";
import type { Dane } from "./dane.ts";
import type { Host } from "./hosts.ts";

export interface Protection {
  readonly policy: Session["policy"];
  /** SNI. */
  readonly sni: string;
  readonly names: ReadonlyArray<string>;
  /** Records that take the place of authorities; null: authorities vouch. */
  readonly tlsa: ReadonlyArray<Tlsa> | null;
  /** For people: which policy holds, and why. */
  readonly why: string;
  /** What is tried where the handshake, or the trust, fails: null for nothing. */
  readonly otherwise: Protection | null;
}

/** Why a host may not be used at all. `final`: no other day will change that. */
export interface Barred {
  readonly reason: string;
  readonly of: "TLS" | "REQUIRETLS";
}

export interface Asked {
  readonly host: Host;
  /** The route needs a login, or the message asks for TLS all the way. */
  readonly verified: "login" | "requiretls" | null;
  /** The sender would rather have it arrive. RFC 8689 §5 */
  readonly tlsOptional: boolean;
  readonly dane: Dane;
  /** Of the recipients' domain. */
  readonly sts: StsPolicy | null;
  /** What the site asks for towards this domain, besides the route. */
  readonly level: TlsLevel;
}

const POLICY: Readonly<Record<TlsLevel, Session["policy"]>> = {
  "none": "none",
  "opportunistic": "opportunistic",
  "encrypt": "encrypt",
  "required": "required",
  "dane": "required",
  "dane-only": "required",
};

const SHOWN: Readonly<Record<TlsLevel, string>> = {
  "none": "no TLS",
  "opportunistic": "TLS if offered",
  "encrypt": "TLS, unverified",
  "required": "verified TLS",
  "dane": "DANE or verified TLS",
  "dane-only": "DANE",
};

export const protectionOf = (a: Asked): Protection | Barred => {
  const { host, sts } = a;
  const level = stricter(host.level, a.level);
  // what the recipient's side publishes does not count where the sender says so; what this site asks for does
  const published = level !== "none" && !(a.tlsOptional && a.verified !== "requiretls");
  const matches = sts !== null && sts.mode !== "none" && stsCovers(sts.mx, host.name);
  if (a.verified === "requiretls" && host.domain !== null && !host.proven && !matches) {
    return {
      of: "REQUIRETLS",
      reason: `neither DNSSEC nor MTA-STS vouches for ${host.name} as a host of ${host.domain}`,
    };
  }
  if (level === "dane" || level === "dane-only" || published) {
    const byDane = daneSays(a, level);
    if (byDane !== null) return byDane;
  }
  if (published && sts?.mode === "enforce") {
    return matches
      ? verified(host, `MTA-STS of ${host.stsDomain}`)
      : { of: "TLS", reason: `MTA-STS: ${host.name} is not in the policy of ${host.stsDomain}` };
  }
  if (a.verified !== null) {
    return verified(host, a.verified === "login" ? "a login" : "REQUIRETLS");
  }
  const local = locally(host, level);
  if (published && sts?.mode === "testing" && local.policy !== "required" && matches) {
    return { ...verified(host, `MTA-STS of ${host.stsDomain}, testing`), otherwise: local };
  }
  return local;
};

/** DANE where it has something to say; null where the other rules do. RFC 7672 §2.2 */
const daneSays = (a: Asked, level: TlsLevel): Protection | Barred | null => {
  const { host, dane } = a;
  switch (dane._tag) {
    case "Records":
      return {
        policy: "required",
        sni: dane.base,
        names: [dane.base, ...host.daneNames],
        tlsa: dane.records,
        why: `DANE: TLSA of _${host.port}._tcp.${dane.base}`,
        otherwise: null,
      };
    case "Trouble":
      return {
        of: "TLS",
        reason: `DANE: TLSA of ${dane.base} cannot be looked up: ${dane.reason}`,
      };
    case "Unusable":
      if (level === "dane-only") break;
      // nobody can check them, yet they say that there is TLS; a stricter rule holds besides
      return POLICY[level] === "required" || a.verified !== null
        ? null
        : { ...locally(host, "encrypt"), why: "DANE: TLSA records that cannot be used" };
    case "None":
      if (level !== "dane-only") return null;
  }
  return {
    of: "TLS",
    reason: `DANE: ${host.name} has no usable TLSA records, which the site asks for`,
  };
};

const verified = (host: Host, of: string): Protection => ({
  policy: "required",
  sni: host.name,
  names: host.names,
  tlsa: null,
  why: `verified TLS for ${of}`,
  otherwise: null,
});

const locally = (host: Host, level: TlsLevel): Protection => ({
  policy: POLICY[level],
  sni: host.name,
  names: host.names,
  tlsa: null,
  why: host.target._tag === "Unix" ? "" : SHOWN[level],
  otherwise: null,
});
