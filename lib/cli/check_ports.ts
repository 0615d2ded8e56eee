/** What a check sees of the world from here. */
import type { CheckPorts } from "../discovery/check/ports.ts";
import { askDirectly } from "../dns/direct.ts";
import { discoverPorts, type DiscoverPortSettings } from "./discover_ports.ts";

export interface CheckPortSettings extends DiscoverPortSettings {
  /** The port of authoritative servers: 53, save in tests. */
  readonly serverPort?: number;
}

const DOMAIN_PORT = 53;

export const checkPorts = (s: CheckPortSettings): CheckPorts & { readonly close: () => void } => ({
  ...discoverPorts(s),
  askServer: (address, name, type) =>
    askDirectly(address, s.serverPort ?? DOMAIN_PORT, name, type, s.dns.timeoutMs),
  wallClock: () => Date.now(),
});
