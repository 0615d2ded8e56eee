/** The settings of the resolver, from `[dns]`. */
import { Duration } from "effect";
import type { DnsSettings } from "../config/config.ts";
import type { ResolverSettings } from "../dns/resolver.ts";

export const resolverSettings = (dns: DnsSettings): ResolverSettings => ({
  servers: dns.servers,
  timeoutMs: Duration.toMillis(dns.timeout),
  attempts: dns.attempts,
  trust: dns.trust,
  ca: dns.ca,
});
