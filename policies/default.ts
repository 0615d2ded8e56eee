/** The standard policies, for a site without its own. */
import type { Policies } from "../lib/stages/policy.ts";
import { asSwitched } from "./headers.ts";
import { asConfigured } from "./limits.ts";
import { ownAddresses } from "./rights.ts";
import { byRecipient } from "./routes.ts";
import { modern } from "./tls.ts";

/** Own addresses and grants, repairs as configured, routes by recipient, TLS 1.2 and later. RFC 6409 §6, §8 */
export const defaultPolicies: Policies = {
  rights: ownAddresses,
  headers: asSwitched,
  limits: asConfigured,
  tls: modern,
  routes: byRecipient,
};
