/** `[dns]`: name servers and time-outs. */
import { z } from "zod";
import { parseDnsServer } from "../values/dns_server.ts";
import { count, span } from "../values/range.ts";

const server = z.string().refine((s) => parseDnsServer(s) !== null, {
  error: 'must be an address with or without a port, such as "127.0.0.1" or "[::1]:53", ' +
    '"tls://192.0.2.1#dns.example.net" or "https://dns.example.net/dns-query#192.0.2.1"',
});

export const dns = z.strictObject({
  servers: z.array(server).min(1, { error: "needs at least one address" }).optional().describe(
    "Name servers to ask, also over TLS or HTTPS; default: those of the system",
  ),
  timeout_seconds: span(5, 0.1, 60, "Wait for an answer to one query"),
  attempts: count(2, 1, 10, "Rounds over all servers before a look-up counts as failed"),
  trust_ad: z.enum(["auto", "always", "never"]).default("auto").describe(
    "Whose word on DNSSEC counts: servers on this machine and over TLS or HTTPS, all, or none",
  ),
  ca: z.string().refine((s) => s !== "" && !s.includes("\0"), {
    error: "must be the path of a file",
  }).optional().describe(
    "PEM file: authorities for servers over TLS and HTTPS; default: the system's",
  ),
}).prefault({});
