/**
 * Gathers what decides the TLS of a host (TLSA records, MTA-STS), as far as it can matter, and decides. Connects to
 * nothing.
 */
import { Effect } from "effect";
import type { Resolver } from "../../ports/resolver.ts";
import { StsPolicies, type StsPolicy } from "../../ports/sts_policies.ts";
import { type Dane, daneOf } from "./dane.ts";
import type { Host } from "./hosts.ts";
import type { Destination } from "./connect_host.ts";
import { type Barred, type Protection, protectionOf } from "./tls_policy.ts";
import type { RelaySettings } from "../settings.ts";

/** How a host is protected, and on what grounds. */
export interface Protected {
  readonly how: Protection | Barred;
  readonly dane: Dane;
  readonly sts: StsPolicy | null;
}

/** Asks DNS and the domain's policy, as far as they can matter. */
export const protect: (
  to: Pick<Destination, "access" | "mustHaveTls" | "tlsOptional">,
  host: Host,
  settings: RelaySettings,
) => Effect.Effect<Protected, never, Resolver> = Effect.fnUntraced(
  function* (to, host, settings) {
    const { domain, stsDomain } = host;
    const level = domain === null ? "none" : settings.tlsLevel(domain);
    const optional = to.tlsOptional && !to.mustHaveTls;
    const none = host.level === "none" && level === "none";
    const forDane = host.dns !== null && !none && settings.dane &&
      (!optional || isDane(host.level) ||
        isDane(level));
    const dane: Dane = forDane && host.dns !== null
      ? yield* daneOf({ host: host.name, port: host.port, ...host.dns })
      : NO_DANE;
    const sts = stsDomain === null || none || optional
      ? null
      : yield* (yield* StsPolicies).find(stsDomain);
    const how = protectionOf({
      host,
      verified: to.mustHaveTls ? "requiretls" : to.access.credentials === null ? null : "login",
      tlsOptional: to.tlsOptional,
      dane,
      sts,
      level,
    });
    return { how, dane, sts };
  },
);

const NO_DANE: Dane = { _tag: "None" };
const isDane = (level: Host["level"]): boolean => level === "dane" || level === "dane-only";
