/** `[next_hop]`: settings for the next hops of all routes. */
import { z } from "zod";
import { parseDomainName } from "../../address/domain.ts";
import { parseMailbox } from "../../address/path.ts";
import { isNetwork } from "../values/address.ts";
import { patternKey } from "../values/pattern.ts";
import { TLS_LEVELS } from "./route.ts";

const domains = z.string().refine((s) => !/[@[]/.test(s) && patternKey(s) !== null, {
  error: 'must be a domain such as "example.net", "*.example.net" or "*"',
});

export const nextHop = z.strictObject({
  dane: z.boolean().default(true).describe(
    "Honour TLSA records of mail exchangers, where [dns] has a resolver whose word on DNSSEC counts. RFC 7672",
  ),
  mta_sts: z.boolean().default(true).describe(
    "Honour MTA-STS policies of recipient domains; they are fetched over HTTPS. RFC 8461",
  ),
  tls_levels: z.record(domains, z.enum(TLS_LEVELS)).optional().describe(
    "Least TLS towards the mail exchangers of a domain, by pattern; the stricter of this and the route's counts",
  ),
  tls_reports: z.boolean().default(false).describe(
    "Tell domains that ask for it, once a day, what TLS came to towards their exchangers. RFC 8460",
  ),
  tls_report_contact: z.string().refine((s) => parseMailbox(s) !== null, {
    error: "must be an address",
  }).optional().describe(
    "Address for questions about such reports; default: postmaster@ our hostname",
  ),
  own_names: z.array(
    z.string().refine((s) => parseDomainName(s) !== null, { error: "must be a host name" }),
  ).default([]).describe("Names besides hostname under which MX records lead back to this server"),
  own_addresses: z.array(
    z.string().refine(isNetwork, {
      error: 'must be an address or a network, such as "192.0.2.7" or "2001:db8::/32"',
    }),
  ).default([]).describe("Addresses at which mail would come back to this server"),
  loopback_exchangers: z.boolean().default(false).describe(
    "Mail exchangers of a domain may be at loopback addresses; otherwise they lead back to this server",
  ),
}).prefault({});
