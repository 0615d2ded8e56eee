/**
 * What a site decides: the types that its own policy file is written against, the decisions of a site that has made
 * none, and the parts to make others from. RFC 6409 §6, §8
 *
 * @module
 */
export * from "../policies/site.ts";
export { defaultPolicies } from "../policies/default.ts";
export { asSwitched, standardRepairs } from "../policies/headers.ts";
export { asConfigured, standardLimits } from "../policies/limits.ts";
export { ownAddresses } from "../policies/rights.ts";
export { byRecipient } from "../policies/routes.ts";
export { modern } from "../policies/tls.ts";
export type {
  HeaderRules,
  HeaderSettings,
  Policies,
  PolicyFacts,
  RightsPolicy,
  RightsSettings,
  RoutePolicy,
  RouteTeller,
} from "../lib/stages/policy.ts";
