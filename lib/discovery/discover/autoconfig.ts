/** Autoconfig files of the provider, of its mail exchangers, and of provider databases. docs/design/autodiscovery.md §4.1 */
import type { DnsAnswer } from "../../ports/dns.ts";
import { type DocumentServer, readAutoconfig } from "./autoconfig_document.ts";
import { type Candidate, type MethodResult, NOTHING, together } from "./candidate.ts";
import { isSuffix, registrable, relation } from "./domains.ts";
import { fetchDocument, type Fetched } from "./fetch.ts";
import { poxRedirect } from "./pox.ts";
import type { ConfirmReason, Dnssec, Method, Trust } from "./result.ts";
import type { Run } from "./run.ts";
import { MAX_XML } from "./xml.ts";
import { charsetOf } from "./xml_encoding.ts";

const PATH = "/mail/config-v1.1.xml";
const ACCEPT = "text/xml, application/xml;q=0.9";

/** What stands behind a document, besides where it was. */
interface Origin {
  readonly method: Method;
  /** The domain that its `domain` elements must name. AC-19 */
  readonly about: string;
  readonly reasons: ReadonlyArray<ConfirmReason>;
  readonly dnssec?: Dnssec;
}

const trustOf = (origin: Origin, f: Fetched, s: DocumentServer, allInside: boolean): Trust => {
  if (f.clear || s.tls === "none" || origin.reasons.includes("mx-derived")) return "insecure";
  if (allInside && !f.crossDomain && origin.reasons.length === 0) return "verified";
  return "third-party";
};

const candidates = (
  run: Run,
  origin: Origin,
  f: Fetched,
  servers: ReadonlyArray<DocumentServer>,
  mismatch: boolean,
): ReadonlyArray<Candidate> => {
  const inside = (s: DocumentServer) => relation(s.host, run.subject.domain) === "inside";
  const reasons: Array<ConfirmReason> = [...origin.reasons];
  if (f.clear) reasons.push("http-used");
  if (f.crossDomain) reasons.push("cross-domain-redirect");
  if (mismatch) reasons.push("provider-mismatch");
  const allInside = servers.every(inside);
  return servers.map((s): Candidate => ({
    ...s,
    source: {
      method: origin.method,
      url: f.url,
      ...(origin.dnssec === undefined ? {} : { dnssec: origin.dnssec }),
    },
    trust: trustOf(origin, f, s, allInside),
    // a database alone is asked about only where it leads away. docs/design/autodiscovery.md §9.6
    confirm: inside(s) ? reasons.filter((r) => r !== "ispdb") : reasons,
  }));
};

/** One document from `url`; tried again with the address only where that is allowed. docs/design/autodiscovery.md §9.6 */
const document = async (run: Run, url: string, origin: Origin): Promise<MethodResult> => {
  const first = await attempt(run, url, origin);
  const { email } = run.subject;
  if (first !== "needs-address") return first;
  if (run.options.sendAddress !== true || email === null) return NOTHING;
  const second = await attempt(run, `${url}?emailaddress=${encodeURIComponent(email)}`, origin);
  return second === "needs-address" ? NOTHING : second;
};

const attempt = async (
  run: Run,
  url: string,
  origin: Origin,
): Promise<MethodResult | "needs-address"> => {
  const end = run.log.begin(origin.method, url);
  const f = await fetchDocument(run, {
    method: origin.method,
    url,
    accept: ACCEPT,
    maxBytes: MAX_XML,
  });
  if (f._tag === "NotFetched") {
    end(f.outcome, f.detail);
    if (f.outcome === "http-400" && !url.includes("?")) return "needs-address";
    return { ...NOTHING, unknown: f.unknown };
  }
  const read = readAutoconfig(f.body, run.subject.domain, charsetOf(f.contentType));
  if (read._tag === "Unfit") {
    end("malformed", `the document ${read.reason}`);
    return NOTHING;
  }
  const { servers, faults, domains, name } = read.document;
  const mismatch = !domains.includes(origin.about) && !domains.includes(run.subject.domain);
  end(servers.length > 0 ? "found" : "empty", faults.length > 0 ? faults.join("; ") : null);
  return {
    ...NOTHING,
    candidates: candidates(run, origin, f, servers, mismatch),
    provider: name,
    warnings: faults.map((detail) => ({ code: "autoconfig-section", detail: `${url}: ${detail}` })),
  };
};

/** The first that has servers, in order; all are asked at once. */
const firstFound = async (
  all: ReadonlyArray<Promise<MethodResult>>,
): Promise<MethodResult> => {
  const results = await Promise.all(all);
  const found = results.find((r) => r.candidates.length > 0);
  return found ?? { ...together(results), candidates: [] };
};

/** Steps 1.1 and 1.2. */
export const autoconfigMethod = (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  const origin: Origin = { method: "autoconfig", about: domain, reasons: [] };
  return firstFound([
    document(run, `https://autoconfig.${domain}${PATH}`, origin),
    document(run, `https://${domain}/.well-known/autoconfig${PATH}`, origin),
  ]);
};

/** Step 1.3, in clear. */
export const httpMethod = (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  return firstFound([
    document(run, `http://autoconfig.${domain}${PATH}`, {
      method: "http",
      about: domain,
      reasons: [],
    }),
    poxRedirect(run),
  ]);
};

/** The file that the user has given. */
export const localMethod = (run: Run, text: string | Uint8Array): MethodResult => {
  const end = run.log.begin("local", "configuration file");
  const read = readAutoconfig(text, run.subject.domain);
  if (read._tag === "Unfit") {
    end("malformed", `the document ${read.reason}`);
    return NOTHING;
  }
  end("found");
  return {
    ...NOTHING,
    provider: read.document.name,
    candidates: read.document.servers.map((s) => ({
      ...s,
      source: { method: "local" },
      trust: "verified",
      confirm: [],
    })),
  };
};

/** Domains under which a mail exchanger's operator may publish: full before base. docs/design/autodiscovery.md §4.1 */
export const exchangerDomains = (host: string, mailDomain: string): ReadonlyArray<string> => {
  if (isSuffix(host)) return [];
  const base = registrable(host);
  const full = host.slice(host.indexOf(".") + 1);
  const names = full.length > base.length ? [full, base] : [base];
  return names.filter((n) => n !== mailDomain);
};

const preferred = (answer: DnsAnswer<"MX">): string | null => {
  if (answer._tag !== "Found") return null;
  const [best] = [...answer.records].sort((a, b) => a.preference - b.preference);
  return best === undefined || best.exchange === "" ? null : best.exchange;
};

/** Steps 3.1 and 3.2: what the operator of the mail exchanger publishes. AC-20 */
export const mxMethod = async (run: Run): Promise<MethodResult> => {
  const end = run.log.begin("mx", run.subject.domain);
  const answer = await run.ports.lookup(run.subject.domain, "MX");
  const host = preferred(answer);
  if (answer._tag === "Trouble") {
    end(answer.kind, answer.reason);
    return { ...NOTHING, unknown: "dns" };
  }
  if (host === null) {
    end(answer._tag === "Found" ? "null-mx" : "not-published");
    return NOTHING;
  }
  const names = exchangerDomains(host, run.subject.domain);
  end(names.length > 0 ? "found" : "own-domain", host);
  const secure = answer.secure;
  return await firstFound(names.map((about) =>
    document(run, `https://autoconfig.${about}${PATH}`, {
      method: "mx",
      about,
      reasons: secure ? [] : ["mx-derived"],
      dnssec: secure ? "secure" : "unknown",
    })
  ));
};

/** Steps 2.1, 3.3 and 3.4: a database that knows many providers. Only domains are sent. */
export const ispdbMethod = async (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  const bases = run.options.ispdb ?? [];
  const own = await firstFound(
    bases.map((base) =>
      document(run, `${base}${domain}`, { method: "ispdb", about: domain, reasons: ["ispdb"] })
    ),
  );
  if (own.candidates.length > 0) return own;
  const answer = await run.ports.lookup(domain, "MX");
  const host = preferred(answer);
  const names = host === null ? [] : exchangerDomains(host, domain);
  const secure = answer._tag === "Found" && answer.secure;
  const behind = await firstFound(
    names.flatMap((about) =>
      bases.map((base) =>
        document(run, `${base}${about}`, {
          method: "ispdb",
          about,
          reasons: secure ? ["ispdb"] : ["ispdb", "mx-derived"],
        })
      )
    ),
  );
  return together([own, behind]);
};
