/**
 * What a site decides: the types that its own policy file is written against, the decisions of a site that has made
 * none, and the parts to make others from. RFC 6409 §6, §8
 *
 * @module
 */
export type { Rewrite } from "../lib/address/rewrite.ts";
export type { Hold } from "../lib/ports/hold.ts";
export type {
  HeaderRules,
  HeaderSettings,
  Held,
  Policies,
  PolicyFacts,
  Repair,
  RightsPolicy,
  RightsSettings,
  RoutePolicy,
  RouteTeller,
  TlsPolicy,
} from "../lib/stages/policy.ts";
export { defaultPolicies } from "../policies/default.ts";
export { asSwitched, standardRepairs } from "../policies/headers.ts";
export { asConfigured, standardLimits } from "../policies/limits.ts";
export { ownAddresses } from "../policies/rights.ts";
export { byRecipient } from "../policies/routes.ts";
export * from "../policies/site.ts";
export { modern } from "../policies/tls.ts";
