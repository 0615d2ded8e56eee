/** The ports of discovery on this machine: our resolver, guarded HTTP, probes of servers. */
import type { DiscoverPorts } from "../discovery/discover/ports.ts";
import { mayProbe } from "../discovery/discover/probe_all.ts";
import { randomDraw } from "../discovery/choose.ts";
import { lookupsOf, type ResolverSettings } from "../dns/resolver.ts";
import { guardOf } from "../net/guard.ts";
import { httpSend } from "../net/http/send.ts";
import { probeOf } from "../net/probe.ts";
import { VERSION } from "./version.ts";

/** What {@link discoverPorts} is made from: name servers, authorities, and which addresses may be connected to. */
export interface DiscoverPortSettings {
  readonly dns: ResolverSettings;
  /** Connect to special addresses too. docs/design/autodiscovery.md §9.8 */
  readonly privateAddresses: boolean;
  /** PEM file with authorities for HTTPS and mail servers; null: those of the system. */
  readonly ca: string | null;
  /** Where a port really is, and any port may be looked at: for tests. */
  readonly portOf?: (host: string, port: number) => number;
}

const PRODUCT = `Postern/${VERSION} (mail service discovery; RFC 6186)`;

/** `close` ends connections to name servers that are kept open. */
export const discoverPorts = (
  s: DiscoverPortSettings,
): DiscoverPorts & { readonly close: () => void } => {
  const lookups = lookupsOf(s.dns);
  const lookup: DiscoverPorts["lookup"] = (name, type) => lookups.lookup(name, type, Date.now());
  const guard = guardOf(lookup, s.privateAddresses);
  return {
    lookup,
    send: httpSend({
      guard,
      ca: s.ca,
      userAgent: PRODUCT,
      ...(s.portOf === undefined ? {} : { portOf: s.portOf }),
    }),
    probe: probeOf({ guard, ca: s.ca, ports: s.portOf === undefined ? mayProbe : null }),
    now: () => performance.now(),
    draw: randomDraw,
    close: () => lookups.close(),
  };
};
