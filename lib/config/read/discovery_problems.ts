/** Contradictions between `[[domain]]`, `[http]` and `[dns_server]`, each of them valid by itself. */
import { parseDomainName } from "../../address/domain.ts";
import { within } from "../../discovery/offer.ts";
import type { KeyPath } from "../values/toml.ts";
import { domain } from "../schema/domain.ts";
import { dnsServer, http, zoneName } from "../schema/web.ts";

export type Report = (path: KeyPath, message: string) => void;

type Document = Readonly<Record<string, unknown>>;

/** Silent where the schema has its say already. */
export const discoveryProblems = (document: Document, report: Report): void => {
  const names = domainNames(document, report);
  if (names === null) return;
  const web = http.safeParse(document["http"]);
  if (web.success && web.data !== undefined) {
    if (web.data.listen.length + web.data.listen_plain.length === 0) {
      report(["http"], "needs at least one address in listen or listen_plain");
    }
    if (names.length === 0) report(["http"], "needs at least one [[domain]]");
  }
  const zones = dnsServer.safeParse(document["dns_server"]);
  if (!zones.success || zones.data === undefined) return;
  const listed = zones.data.zones.map((z) => zoneName(z) ?? z);
  listed.forEach((zone, i) => {
    const at = ["dns_server", "zones", i];
    if (!names.some((n) => within(zone, n))) {
      report(at, "is in no [[domain]], so there is nothing to answer");
    }
    if (listed.indexOf(zone) !== i) report(at, "is listed twice");
  });
};

/** A-labels of all domains; null where one of them is not right yet. */
const domainNames = (document: Document, report: Report): ReadonlyArray<string> | null => {
  const entries: unknown = document["domain"] ?? [];
  if (!Array.isArray(entries)) return null;
  const names: Array<string> = [];
  for (const [i, entry] of entries.entries()) {
    const parsed = domain.safeParse(entry);
    if (!parsed.success) return null;
    const name = parseDomainName(parsed.data.name)?.ascii ?? "";
    if (names.includes(name)) report(["domain", i, "name"], "is described twice");
    names.push(name);
    if (parsed.data.mta_sts !== undefined && parsed.data.mx.length === 0) {
      report(["domain", i, "mta_sts"], "needs mx: the policy names the exchangers");
    }
  }
  return names;
};
