/**
 * Autodiscovery: one model of what a mail domain offers (`offerOf`), the endpoints that tell mail programs
 * (`makeHandler`), finding what another domain offers (`discover`), and checking one's own (`checkDomain`).
 * RFC 6186, RFC 8314 §5.1, RFC 8461
 *
 * Nothing here touches a runtime: DNS, HTTP and looks at servers come in as functions. `./discovery-ports` makes these
 * functions for Deno.
 *
 * @module
 */
export { checkDomain, type CheckOptions } from "../lib/discovery/check/check.ts";
export type { ClientOutcome } from "../lib/discovery/check/clients/profile.ts";
export type { CheckPorts, Delegation } from "../lib/discovery/check/ports.ts";
export {
  CHECK_VERSION,
  type CheckReport,
  exitStatus,
  type Finding,
  type Station,
  type Status,
} from "../lib/discovery/check/report.ts";
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
export type {
  Caa,
  DnsAnswer,
  DnsFound,
  DnsNoData,
  DnsNoSuchDomain,
  DnsRecords,
  DnsTrouble,
  Ds,
  Mx,
  RecordType,
  Soa,
  Srv,
  Tlsa,
  TroubleKind,
  Vouched,
} from "../lib/ports/dns.ts";
