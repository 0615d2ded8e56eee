/**
 * The server in parts: `serveSubmissions`, the relay, and the layers that implement what they ask for, to compose a
 * submission server without a configuration file. RFC 6409
 *
 * `serverSettings(hostname)` and `relaySettings(hostname)` hold the defaults. Whoever has a configuration file wants
 * `serve` of the main entry instead.
 *
 * @module
 */
export { accountsLayer } from "../lib/accounts/sqlite.ts";
export { failureMemory } from "../lib/accounts/throttle/failure_memory.ts";
export { throttleLayer } from "../lib/accounts/throttle/throttle.ts";
export { holdsLayer } from "../lib/accounts/usual/holds.ts";
export { signerLayer, type SignerOptions } from "../lib/dkim/signer.ts";
export { resolverLayer, type ResolverSettings } from "../lib/dns/resolver.ts";
export type { DnsServer, HttpsServer, PlainServer, TlsServer, TrustAd } from "../lib/dns/server.ts";
export type { SessionFacts } from "../lib/envelope/session.ts";
export type { WebhookSettings } from "../lib/events/webhook.ts";
export { dialerLayer } from "../lib/net/dialer.ts";
export { ListenFailed } from "../lib/net/listener.ts";
export { type Algorithm, ALGORITHMS, type Issuer, type TokenSource } from "../lib/oauth/issuer.ts";
export { tokensLayer } from "../lib/oauth/tokens.ts";
export { Accounts } from "../lib/ports/accounts.ts";
export { AccountsAdmin } from "../lib/ports/accounts_admin.ts";
export { Certificates } from "../lib/ports/certificates.ts";
export { Correspondents } from "../lib/ports/correspondents.ts";
export { Dialer } from "../lib/ports/dialer.ts";
export { FailureStore } from "../lib/ports/failure_store.ts";
export {
  type Filter,
  type FilteredMessage,
  FilterFault,
  type FilterReply,
  type FilterResult,
  Filters,
  type FilterVerdict,
  type HeaderEdit,
  noFilters,
} from "../lib/ports/filters.ts";
export { type Handing, HandOver, noHandOver, type Passing } from "../lib/ports/hand_over.ts";
export {
  type FoundHold,
  type HoldQuestion,
  Holds,
  type HoldService,
  noHolds,
} from "../lib/ports/holds.ts";
export {
  HopMemory,
  type HopMemoryService,
  noHopMemory,
  type RememberedOffer,
} from "../lib/ports/hop_memory.ts";
export { Ids } from "../lib/ports/ids.ts";
export { LoginThrottle } from "../lib/ports/login_throttle.ts";
export { noRecords, Records } from "../lib/ports/records.ts";
export { Resolver } from "../lib/ports/resolver.ts";
export { RightsAdmin } from "../lib/ports/rights_admin.ts";
export {
  noSitePolicy,
  SitePolicy,
  SitePolicyFault,
  type SitePolicyService,
} from "../lib/ports/site_policy.ts";
export {
  noStsPolicies,
  StsPolicies,
  type StsPoliciesService,
  type StsPolicy,
} from "../lib/ports/sts_policies.ts";
export {
  type NotedPolicy,
  noTlsNotes,
  type TlsNote,
  TlsNotes,
  type TlsResultType,
} from "../lib/ports/tls_notes.ts";
export { noSigner, Signer } from "../lib/ports/signer.ts";
export { Spool, type Staging } from "../lib/ports/spool.ts";
export { SpoolAdmin } from "../lib/ports/spool_admin.ts";
export { Tokens } from "../lib/ports/tokens.ts";
export { noFetcher, UrlFetcher } from "../lib/ports/url_fetcher.ts";
export type { RetryCurve } from "../lib/relay/retry.ts";
export {
  type HopAccess,
  type Patience,
  type RelaySettings,
  relaySettings,
} from "../lib/relay/settings.ts";
export { relayLayer } from "../lib/relay/worker.ts";
export { type MechanismName, MECHANISMS, mechanismsOf, USUAL_MECHANISMS } from "../lib/sasl/all.ts";
export type { Channel, Exchange, Mechanism, SaslStep } from "../lib/sasl/mechanism.ts";
export type { AnswerSettings } from "../lib/server/answer/answer_settings.ts";
export type { TakenBy } from "../lib/server/answer/pass_through_submit.ts";
export { idsLayer } from "../lib/server/ids.ts";
export { ClientLog } from "../lib/server/limits/client_log.ts";
export { Load } from "../lib/server/limits/load.ts";
export { type Limit, Quota, type QuotaLimits } from "../lib/server/limits/quota.ts";
export {
  type Listening,
  type ServerSettings,
  serveSubmissions,
  type SocketAddress,
} from "../lib/server/server.ts";
export { type SessionLogin, SignedIn } from "../lib/server/session/signed_in.ts";
export { serverSettings } from "../lib/server/settings.ts";
export { type FileProblem, PolicyFileFault } from "../lib/site/file_fault.ts";
export type {
  Extension,
  Given,
  MailParameter,
  Noted,
  RcptParameter,
  Rules,
  VerbRule,
} from "../lib/smtp/server/extension.ts";
export type { OptionalExtensions } from "../lib/smtp/server/extensions/all.ts";
export type { BurlServer } from "../lib/smtp/server/extensions/burl.ts";
export type { PrioritySettings } from "../lib/smtp/server/extensions/mt_priority.ts";
export type {
  About,
  Mail,
  Open,
  Output,
  Question,
  SessionData,
  State,
  Step,
} from "../lib/smtp/server/state.ts";
export { type Verb, VERBS } from "../lib/smtp/syntax/command.ts";
export type { DataVerdict } from "../lib/smtp/syntax/message_reader.ts";
export { spoolLayer } from "../lib/spool/sqlite.ts";
export { adminLayer as spoolAdminLayer } from "../lib/spool/sqlite_admin.ts";
export { policyLayer } from "../lib/stages/policy.ts";
export { certificatesLayer } from "../lib/tls/certificates.ts";
export { BadPair } from "../lib/tls/pair.ts";
export { recordsLayer, type RecordsOptions } from "../lib/trace/records.ts";
export type { ServerLimits, SessionLimits } from "../lib/smtp/server/limits.ts";
