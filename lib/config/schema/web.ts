/** `[http]` and `[dns_server]`: the endpoints of autodiscovery. Neither runs unless it is configured. */
import { z } from "zod";
import { fullyQualified, parseDomainName } from "../../address/domain.ts";
import { parseMailbox } from "../../address/path.ts";
import { isIp, parseListener } from "../values/address.ts";
import { count } from "../values/range.ts";

const listener = z.string().refine((s) => parseListener(s) !== null, {
  error:
    'must be "host:port" with a port from 1 to 65535 (0: any free one), such as "0.0.0.0:443" or "[::]:443"',
});

export const http = z.strictObject({
  listen: z.array(listener).default([]).describe(
    "Addresses for HTTPS, with the certificates of [tls]; clients ask on port 443",
  ),
  listen_plain: z.array(listener).default([]).describe(
    "Addresses for HTTP, for a reverse proxy on this machine that ends TLS",
  ),
  trusted_proxies: z.array(z.string().refine(isIp, { error: "must be an IP address" })).default([])
    .describe("Addresses of proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed"),
  autodiscover_v2: z.boolean().default(false).describe(
    "Answer Autodiscover v2 (JSON), which only leads clients to the XML form",
  ),
}).optional().describe("Autoconfiguration over HTTP, for the domains of [[domain]]");

/** A zone may start with an underscore label; `*` may not be served. */
export const zoneName = (text: string): string | null => {
  const labels = text.toLowerCase().replace(/\.$/, "").split(".");
  const plain = labels.map((l) => l.replace(/^_/, "")).join(".");
  const d = parseDomainName(plain);
  return d !== null && fullyQualified(d) && labels.join(".").length <= 253
    ? labels.join(".")
    : null;
};

const name = (example: string) =>
  z.string().refine((s) => {
    const d = parseDomainName(s);
    return d !== null && fullyQualified(d);
  }, { error: `must be a fully qualified host name, such as "${example}"` });

export const dnsServer = z.strictObject({
  listen: z.array(listener).min(1, { error: "needs at least one address" }).describe(
    "Addresses for UDP and TCP; resolvers ask on port 53",
  ),
  zones: z.array(
    z.string().refine((s) => zoneName(s) !== null, {
      error: 'must be the name of a zone, such as "_tcp.example.com"',
    }),
  ).min(1, { error: "needs at least one zone" }).describe(
    "Zones that are delegated to this server; each in or below a [[domain]]",
  ),
  ns: z.array(name("ns1.example.com")).min(1, { error: "needs at least one name" }).describe(
    "Names of the name servers, as the parent zone delegates to them",
  ),
  mailbox: z.string().refine((s) => parseMailbox(s) !== null, {
    error: 'must be an address, such as "hostmaster@example.com"',
  }).describe("Mailbox of the zones' administrator, published in SOA"),
  ttl_seconds: count(300, 5, 86_400, "How long resolvers may keep the answers"),
  responses_per_second: count(
    20,
    1,
    1_000_000,
    "Answers over UDP to one network; more are cut, so that real resolvers come again over TCP",
  ),
  drain: z.boolean().default(true).describe(
    "At a stop, let clients be led to the other servers first, and wait for ttl_seconds",
  ),
}).optional().describe("An authoritative name server for delegated sub-zones");

export type HttpFile = z.infer<typeof http>;
export type DnsServerFile = z.infer<typeof dnsServer>;
