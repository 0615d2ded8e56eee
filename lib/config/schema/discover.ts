/** `[discover]`: how `postern discover` and `GET /v1/discover` look for other people's services. */
import { z } from "zod";
import { count, span } from "../values/range.ts";

const base = z.string().refine((s) => /^https:\/\/[^?#@]+\/$/.test(s) && URL.canParse(s), {
  error: 'must be an https URL that ends in "/", such as "https://v1.ispdb.net/"',
});

export const discover = z.strictObject({
  databases: z.array(base).default(["https://v1.ispdb.net/"]).describe(
    "Provider databases that `postern discover` may ask; only the domain is sent",
  ),
  private_addresses: z.boolean().default(false).describe(
    "Connect to loopback, private and other special addresses, for services of your own network",
  ),
  timeout_seconds: span(20, 1, 120, "Time for a whole discovery"),
  ca: z.string().refine((s) => s !== "" && !s.includes("\0"), {
    error: "must be the path of a file",
  }).optional().describe(
    "PEM file: authorities for HTTPS and mail servers; default: the system's",
  ),
  http: z.boolean().default(false).describe(
    "Answer GET /v1/discover on the addresses of [http]; anybody who reaches them may ask",
  ),
  requests_per_minute: count(20, 1, 100_000, "Discoveries over HTTP for one client address"),
  requests_per_domain_per_minute: count(10, 1, 100_000, "Discoveries over HTTP of one domain"),
}).prefault({});
