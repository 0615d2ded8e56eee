/**
 * Postern, a message submission agent (RFC 6409): the public entry.
 *
 * As a library: the stages and their pipeline, the policies, the ports, and the layers that implement them, to embed a
 * submission server in another program or test. As a program: the command line. Importing it has no
 * side effect.
 *
 * @module
 */
import "./lib/app/no_async_hooks.ts"; // first: see there
import { main } from "./lib/cli/main.ts";
import { defaultPolicies } from "./policies/default.ts";

// what passes through
export type { Mailbox } from "./lib/address/mailbox.ts";
export type * from "./lib/address/grant.ts";
export { type AddressPattern, parsePattern, printPattern } from "./lib/address/pattern.ts";
export { printMailbox, same as sameMailbox } from "./lib/address/mailbox.ts";
export { parseMailbox } from "./lib/address/path.ts";
export type { Envelope, Recipient } from "./lib/envelope/envelope.ts";
export type { SessionFacts, TlsFacts } from "./lib/envelope/session.ts";
export type { Reply } from "./lib/reply/reply.ts";
export type * from "./lib/stages/submission.ts";
export type { Decision, StageName, Trail } from "./lib/stages/trail.ts";

// the six stages, and the whole
export { authenticate, checkLogin, LoginRefused } from "./lib/stages/authenticate.ts";
export { addSender } from "./lib/stages/add_sender.ts";
export { enforceReturnPath, enforceRights } from "./lib/stages/enforce_rights.ts";
export { fixHeaders } from "./lib/stages/fix_headers.ts";
export { parse } from "./lib/stages/parse.ts";
export { pipeline } from "./lib/stages/pipeline.ts";
export { Refusal } from "./lib/stages/refusal.ts";
export { checkRecipient, resolveMta } from "./lib/stages/resolve_mta.ts";
export { sign } from "./lib/stages/sign.ts";

// what a site decides
export * from "./lib/stages/policy.ts";
export { defaultPolicies } from "./policies/default.ts";
export * from "./policies/site.ts";

// autodiscovery: the model, and what is made of it
export * from "./lib/discovery/choose.ts";
export { expectedRecords } from "./lib/discovery/expected.ts";
export { lintsOf } from "./lib/discovery/lints.ts";
export {
  type DomainSettings,
  type Offer,
  offerOf,
  type OwnListeners,
  type ServerLists,
  type ServerPlace,
} from "./lib/discovery/offer.ts";
export { type Format, formatRecords, FORMATS } from "./lib/discovery/publish/formats.ts";
export type { DnsRecord, ExpectedRecord, RecordData } from "./lib/discovery/record.ts";
export * from "./lib/discovery/serve/handler.ts";
export * from "./lib/discovery/serve/discover_endpoint.ts";
export type { Auth, Kind, Security, Service, UsernameForm } from "./lib/discovery/service.ts";

// looking for the services of any domain, and checking one's own
export { discoverPorts, type DiscoverPortSettings } from "./lib/app/discover_ports.ts";
export { checkPorts, type CheckPortSettings } from "./lib/app/check_ports.ts";
export { checkDomain, type CheckOptions } from "./lib/discovery/check/check.ts";
export type { CheckPorts } from "./lib/discovery/check/ports.ts";
export { type CheckReport, exitStatus, type Finding } from "./lib/discovery/check/report.ts";
export { discover, NotAnAddress, refresh } from "./lib/discovery/discover/discover.ts";
export { TOOL_FORMATS, type ToolFormat } from "./lib/discovery/discover/formats/all.ts";
export type * from "./lib/discovery/discover/ports.ts";
export * from "./lib/discovery/discover/result.ts";
export type { DiscoverOptions } from "./lib/discovery/discover/run.ts";

// ports
export * from "./lib/ports/accounts.ts";
export * from "./lib/ports/accounts_admin.ts";
export { Certificates } from "./lib/ports/certificates.ts";
export * from "./lib/ports/dialer.ts";
export type {
  DnsAnswer,
  DnsFound,
  DnsNoData,
  DnsNoSuchDomain,
  DnsRecords,
  DnsTrouble,
  RecordType,
  TroubleKind,
} from "./lib/ports/dns.ts";
export { Ids } from "./lib/ports/ids.ts";
export * from "./lib/ports/login_throttle.ts";
export * from "./lib/ports/records.ts";
export * from "./lib/ports/resolver.ts";
export { RightsAdmin } from "./lib/ports/rights_admin.ts";
export * from "./lib/ports/routes.ts";
export * from "./lib/ports/sender_rights.ts";
export * from "./lib/ports/signer.ts";
export * from "./lib/ports/site_policy.ts";
export * from "./lib/ports/spool.ts";

// layers that implement them, and the server
export { accountsLayer } from "./lib/accounts/sqlite.ts";
export { throttleLayer } from "./lib/accounts/throttle/throttle.ts";
export { resolverLayer, type ResolverSettings } from "./lib/dns/resolver.ts";
export type * from "./lib/dns/server.ts";
export { signerLayer, type SignerOptions } from "./lib/dkim/signer.ts";
export { dialerLayer } from "./lib/net/dialer.ts";
export { recordsLayer, type RecordsOptions } from "./lib/trace/records.ts";
export { relaySettings } from "./lib/relay/settings.ts";
export { relayLayer } from "./lib/relay/worker.ts";
export { idsLayer } from "./lib/server/ids.ts";
export { Load } from "./lib/server/limits/load.ts";
export { Quota, type QuotaLimits } from "./lib/server/limits/quota.ts";
export { SignedIn } from "./lib/server/session/signed_in.ts";
export { type Listening, type ServerSettings, serveSubmissions } from "./lib/server/server.ts";
export { PolicyFileFault } from "./lib/site/file_fault.ts";
export { siteLayer, type SiteOptions } from "./lib/site/site_layer.ts";
export { spoolLayer } from "./lib/spool/sqlite.ts";
export { adminLayer as spoolAdminLayer } from "./lib/spool/sqlite_admin.ts";
export { certificatesLayer } from "./lib/tls/certificates.ts";

if (import.meta.main) await main(defaultPolicies);
