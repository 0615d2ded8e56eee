/**
 * Autodiscovery: one model of what a mail domain offers (`offerOf`), the endpoints that tell mail programs
 * (`makeHandler`), finding what another domain offers (`discover`), and checking one's own (`checkDomain`).
 * RFC 6186, RFC 8314 §5.1, RFC 8461
 *
 * `discoverPorts` and `checkPorts` open sockets on Deno; everything else takes the world as functions.
 *
 * @module
 */
export { checkPorts, type CheckPortSettings } from "../lib/app/check_ports.ts";
export { discoverPorts, type DiscoverPortSettings } from "../lib/app/discover_ports.ts";
export { checkDomain, type CheckOptions } from "../lib/discovery/check/check.ts";
export type { CheckPorts } from "../lib/discovery/check/ports.ts";
export { type CheckReport, exitStatus, type Finding } from "../lib/discovery/check/report.ts";
export * from "../lib/discovery/choose.ts";
export { discover, NotAnAddress, refresh } from "../lib/discovery/discover/discover.ts";
export { TOOL_FORMATS, type ToolFormat } from "../lib/discovery/discover/formats/all.ts";
export type * from "../lib/discovery/discover/ports.ts";
export * from "../lib/discovery/discover/result.ts";
export type { DiscoverOptions } from "../lib/discovery/discover/run.ts";
export { expectedRecords } from "../lib/discovery/expected.ts";
export { lintsOf } from "../lib/discovery/lints.ts";
export * from "../lib/discovery/offer.ts";
export { type Format, formatRecords, FORMATS } from "../lib/discovery/publish/formats.ts";
export type { DnsRecord, ExpectedRecord, RecordData } from "../lib/discovery/record.ts";
export * from "../lib/discovery/serve/discover_endpoint.ts";
export * from "../lib/discovery/serve/handler.ts";
export type { Auth, Kind, Security, Service, UsernameForm } from "../lib/discovery/service.ts";
