/**
 * DNS, guarded HTTP and looks at servers for `discover` and `checkDomain`, on Deno: what `./discovery` needs of the
 * world. RFC 1035, RFC 9110
 *
 * @module
 */
export { checkPorts, type CheckPortSettings } from "../lib/app/check_ports.ts";
export { discoverPorts, type DiscoverPortSettings } from "../lib/app/discover_ports.ts";
