/** The ports of a check on this machine. */
import type { CheckPorts } from "../discovery/check/ports.ts";
import { askDelegation, askDirectly } from "../dns/direct.ts";
import { lookupsOf } from "../dns/resolver.ts";
import { guardOf } from "../net/guard.ts";
import { probeOf } from "../net/probe.ts";
import { discoverPorts, type DiscoverPortSettings } from "./discover_ports.ts";

/** What {@link checkPorts} is made from: how to look things up, and where from. */
export interface CheckPortSettings extends DiscoverPortSettings {
  /** The port of authoritative servers: 53, save in tests. */
  readonly serverPort?: number;
}

const DOMAIN_PORT = 53;

/**
 * The world as `checkDomain` sees it from this machine: DNS, HTTPS and connections to mail servers. `close` ends
 * connections to name servers that are kept open.
 */
export const checkPorts = (s: CheckPortSettings): CheckPorts & { readonly close: () => void } => {
  const port = s.serverPort ?? DOMAIN_PORT;
  const { timeoutMs } = s.dns;
  const world = discoverPorts(s);
  const direct = lookupsOf(s.dns);
  return {
    ...world,
    // a check connects to what the configuration names, on whatever port
    probe: probeOf({ guard: guardOf(world.lookup, s.privateAddresses), ca: s.ca, ports: null }),
    askServer: (address, name, type) => askDirectly(address, port, name, type, timeoutMs),
    askDelegation: (address, zone) => askDelegation(address, port, zone, timeoutMs),
    lookupUnchecked: (name, type) => direct.lookupUnchecked(name, type, Date.now()),
    wallClock: () => Date.now(),
    close: () => {
      world.close();
      direct.close();
    },
  };
};
