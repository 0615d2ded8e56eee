/**
 * The stages that a submission goes through, and `pipeline`, which composes them: no socket, no disk, no clock of
 * their own. What they ask of their surroundings are Effect services. RFC 6409 §6, §8
 *
 * @module
 */
export type { Completions } from "../lib/address/complete.ts";
export type { Domain, DomainName, Literal } from "../lib/address/domain.ts";
export type {
  AccountRights,
  Grant,
  GrantMode,
  Group,
  Permission,
  PermissionName,
  Principal,
} from "../lib/address/grant.ts";
export type { LocalRules } from "../lib/address/local_rules.ts";
export { type Mailbox, printMailbox } from "../lib/address/mailbox.ts";
export { parseMailbox } from "../lib/address/path.ts";
export type { AddressPattern } from "../lib/address/pattern.ts";
export type { Alias, RewritePlace, RewriteSettings } from "../lib/address/rewrite.ts";
export { type MessageFile, readMessageFile } from "../lib/app/message_file.ts";
export type {
  DeliverBy,
  Envelope,
  Hold,
  Notify,
  Recipient,
  ValidSince,
} from "../lib/envelope/envelope.ts";
export type {
  BearerToken,
  CertificateClaim,
  Claim,
  Login,
  Proof,
  ScramHash,
  ScramKeys,
  VoidClaim,
} from "../lib/envelope/login.ts";
export type { TlsFacts } from "../lib/envelope/session.ts";
export { type Strength, STRENGTHS } from "../lib/envelope/strength.ts";
export type { Address, NamedMailbox } from "../lib/message/address.ts";
export type { AddressField, AddressList } from "../lib/message/address_list.ts";
export type { DateReading } from "../lib/message/date.ts";
export type { Field, Header, HeaderLimits } from "../lib/message/header.ts";
export type { BodyFacts } from "../lib/message/mime/body.ts";
export type { ParsedFields } from "../lib/message/parse.ts";
export type { ReceivedMode } from "../lib/message/received.ts";
export type { ResentBlock } from "../lib/message/resent.ts";
export { type Account, Accounts, AccountsUnavailable } from "../lib/ports/accounts.ts";
export type { TlsPolicy } from "../lib/ports/certificates.ts";
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
export type { HandedOver, HopAnswer, HopReply } from "../lib/ports/hand_over.ts";
export {
  type FoundHold,
  type HoldQuestion,
  Holds,
  type HoldService,
  type HoldSettings,
  noHolds,
} from "../lib/ports/holds.ts";
export {
  HopMemory,
  type HopMemoryService,
  noHopMemory,
  type RememberedOffer,
} from "../lib/ports/hop_memory.ts";
export { Ids } from "../lib/ports/ids.ts";
export { EVENT_KINDS, type EventKind } from "../lib/ports/outbox.ts";
export { RecordsFault } from "../lib/ports/records.ts";
export {
  noSitePolicy,
  SitePolicy,
  SitePolicyFault,
  type SitePolicyService,
} from "../lib/ports/site_policy.ts";
export { Resolver } from "../lib/ports/resolver.ts";
export {
  type Credentials,
  type HopLimits,
  type HopTemplate,
  type HostHop,
  type LmtpUnixHop,
  type NextHop,
  type Party,
  type PassThrough,
  type Range,
  type Route,
  type RouteConditions,
  type RouteFacts,
  type RouteRule,
  Routes,
  type RouteTable,
  type SeveralHop,
  type SeveralMember,
  type SrvHop,
  type TlsLevel,
} from "../lib/ports/routes.ts";
export {
  type Circumstances,
  type Right,
  type RightsChecks,
  SenderRights,
  type SpecialRight,
} from "../lib/ports/sender_rights.ts";
export { noSigner, Signer, SigningFault } from "../lib/ports/signer.ts";
export { type SpoolError, SpoolFault, SpoolFull } from "../lib/ports/spool.ts";
export type { Rewrite, StoredBody } from "../lib/ports/stored_body.ts";
export type { ImapServer } from "../lib/ports/url_fetcher.ts";
export type { Lines, Reply } from "../lib/reply/reply.ts";
export { addSender } from "../lib/stages/add_sender.ts";
export { authenticate } from "../lib/stages/authenticate.ts";
export { enforceReturnPath, enforceRights } from "../lib/stages/enforce_rights.ts";
export { fixHeaders } from "../lib/stages/fix_headers.ts";
export { parse } from "../lib/stages/parse.ts";
export { pipeline, type PipelineServices } from "../lib/stages/pipeline.ts";
export { HeaderPolicy, policyLayer } from "../lib/stages/policy.ts";
export { Refusal } from "../lib/stages/refusal.ts";
export { checkRecipient, resolveMta } from "../lib/stages/resolve_mta.ts";
export { sign } from "../lib/stages/sign.ts";
export type * from "../lib/stages/submission.ts";
export type { Decision, Facts, FactValue, StageName, Trail } from "../lib/stages/trail.ts";
export type { ServerLimits, SessionLimits } from "../lib/smtp/server/limits.ts";
