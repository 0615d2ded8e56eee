/** The result as an autoconfig file, for any tool that reads those. OUT-4 */
import { type Offer, offerOf } from "../../offer.ts";
import { autoconfigDocument } from "../../autoconfig.ts";
import type { Service } from "../../service.ts";
import type { DiscoverResult, FoundService } from "../result.ts";
import type { Format } from "./settings.ts";

const serviceOf = (s: FoundService): Service => ({
  kind: s.kind,
  security: s.tls,
  host: s.host,
  port: s.port,
  path: s.url === null ? null : new URL(s.url).pathname,
  auth: s.auth.length === 0 ? ["password"] : s.auth,
  username: s.username.form === "local" ? "local" : "address",
  priority: s.rank,
  weight: 1,
});

const offer = (r: DiscoverResult): Offer => ({
  ...offerOf(
    { domain: r.domain, name: r.provider ?? r.domain },
    { host: r.domain, submission: [], submissions: [], web: null },
  ),
  services: r.services.filter((s) => s.rejected === null).map(serviceOf),
});

export const autoconfigXml: Format = (r) =>
  r.services.some((s) => s.rejected === null) ? autoconfigDocument(offer(r)) : null;
