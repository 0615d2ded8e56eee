/**
 * Compares the HTTP endpoints, fetched as a stranger, with what the model would serve. docs/design/autodiscovery.md
 * §11.2
 */
import type { DnsAnswer } from "../../ports/dns.ts";
import { readAutoconfig } from "../discover/autoconfig_document.ts";
import { base64 } from "../digest.ts";
import { fetchDocument, type Fetched, type NotFetched } from "../discover/fetch.ts";
import { readDigest } from "../discover/pacc.ts";
import type { Run } from "../discover/run.ts";
import { MAX_XML } from "../discover/xml.ts";
import { mtaStsPolicy } from "../mta_sts.ts";
import type { Offer } from "../offer.ts";
import { paccDocument } from "../pacc.ts";
import { autoconfigDocument } from "../autoconfig.ts";
import { askPox, POX_PATH } from "./published.ts";
import type { Finding, Status } from "./report.ts";

type Got = Fetched | NotFetched;

const finding = (
  key: string,
  subject: string,
  status: Status,
  detail: string,
  values: { readonly expected?: ReadonlyArray<string>; readonly found?: ReadonlyArray<string> } =
    {},
): Finding => ({
  station: "http",
  key,
  subject,
  type: "HTTP",
  status,
  expected: values.expected ?? [],
  found: values.found ?? [],
  detail,
});

const get = (run: Run, url: string): Promise<Got> =>
  fetchDocument(run, { method: "autoconfig", url, accept: "*/*", maxBytes: MAX_XML });

/** Nobody is there. */
const ABSENT: ReadonlySet<string> = new Set(["not-found", "http-404", "http-410"]);
/** What may be in the way on this side. */
const UNHEARD: ReadonlySet<string> = new Set(["dns", "timeout", "aborted", "forbidden"]);

/** Codes of the system that speak of the way to the host, and not of the host. */
const NO_WAY = /^(?:EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM)/;

/** What does not come is missing, what comes as something else is wrong; where nobody was heard, nothing is known. */
const statusOf = (g: NotFetched): Status => {
  if (UNHEARD.has(g.outcome)) return "unknown";
  if (ABSENT.has(g.outcome)) return "missing";
  if (g.outcome !== "connect") return "drift";
  return NO_WAY.test(g.detail) ? "unknown" : /ECONNREFUSED/.test(g.detail) ? "missing" : "drift";
};

/** `optional`: the operator of that host need not know of us, and clients have another place to ask. */
const notThere = (key: string, url: string, g: NotFetched, optional = false): Finding =>
  finding(key, url, optional ? "info" : statusOf(g), `${g.outcome}: ${g.detail}`);

const servers = (octets: Uint8Array | string): ReadonlyArray<string> | string => {
  const read = readAutoconfig(octets);
  if (read._tag === "Unfit") return `the document ${read.reason}`;
  const { faults } = read.document;
  if (faults.length > 0) return `strict clients reject the file: ${faults.join("; ")}`;
  return read.document.servers.map((s) =>
    `${s.kind} ${s.url ?? `${s.host}:${s.port}`} ${s.tls} ${s.auth.join(",")} ${s.username ?? ""}`
      .trim()
  );
};

const autoconfig = async (
  run: Run,
  offer: Offer,
  url: string,
  optional: boolean,
): Promise<Finding> => {
  const key = "http-autoconfig";
  const g = await get(run, url);
  if (g._tag === "NotFetched") return notThere(key, url, g, optional);
  const found = servers(g.body);
  const expected = servers(autoconfigDocument(offer));
  if (typeof found === "string") return finding(key, url, "drift", found);
  const want = typeof expected === "string" ? [] : expected;
  if (found.join("\n") !== want.join("\n")) {
    return finding(key, url, "drift", "other servers than the model's", { expected: want, found });
  }
  // AC-1
  if (!/^(text|application)\/xml\b/i.test(g.contentType)) {
    return finding(
      key,
      url,
      "drift",
      `served as ${g.contentType || "no type"}: Thunderbird does not read it`,
    );
  }
  return finding(key, url, "pass", "", { found });
};

const digests = (answer: DnsAnswer<"TXT">): ReadonlyArray<string> =>
  answer._tag === "Found" ? answer.records.flatMap((r) => readDigest(r) ?? []) : [];

/** The body against every digest in DNS, and against the model. PC-3, PC-12 */
const pacc = async (run: Run, offer: Offer): Promise<ReadonlyArray<Finding>> => {
  const document = paccDocument(offer);
  if (document === null || offer.web === null) return [];
  const url = `https://ua-auto-config.${offer.domain}/.well-known/user-agent-configuration.json`;
  const [g, answer] = await Promise.all([
    get(run, url),
    run.ports.lookup(`_ua-auto-config.${offer.domain}`, "TXT"),
  ]);
  if (g._tag === "NotFetched") return [notThere("http-pacc", url, g)];
  const digest = base64(
    new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(g.body))),
  );
  const matches = digests(answer).map((d) => `${d} ${d === digest ? "match" : "no match"}`);
  const text = new TextDecoder().decode(g.body);
  const status: Status = answer._tag === "Trouble"
    ? "unknown"
    : text === document && digests(answer).includes(digest)
    ? "pass"
    : "drift";
  const detail = status === "pass"
    ? ""
    : text === document
    ? "no digest in DNS is that of the document: clients do not use it"
    : "another document than the model's";
  return [finding("http-pacc", url, status, detail, { expected: [digest], found: matches })];
};

/** RFC 8461 §3.2; a policy names every exchanger. docs/design/autodiscovery.md §11.3 */
const mtaSts = async (run: Run, offer: Offer): Promise<ReadonlyArray<Finding>> => {
  if (offer.mtaSts === null) return [];
  const url = `https://mta-sts.${offer.domain}/.well-known/mta-sts.txt`;
  const g = await get(run, url);
  if (g._tag === "NotFetched") return [notThere("http-mta-sts", url, g)];
  const lines = (t: string) => t.split(/\r?\n/).map((l) => l.trim()).filter((l) => l !== "");
  const expected = lines(mtaStsPolicy(offer.mtaSts));
  const found = lines(new TextDecoder().decode(g.body));
  if (g.url !== url) {
    return [finding("http-mta-sts", url, "drift", "is a redirect, which senders do not follow")];
  }
  const allowed = offer.mtaSts.mx;
  const left = offer.mx.filter((m) =>
    m.host !== "." &&
    !allowed.some((p) =>
      p === m.host || (p.startsWith("*.") && m.host.slice(m.host.indexOf(".") + 1) === p.slice(2))
    )
  );
  if (left.length > 0) {
    const detail = `the policy leaves out ${left.map((m) => m.host).join(", ")}`;
    return [finding("http-mta-sts", url, "conflict", detail, { expected, found })];
  }
  const same = [...expected].sort().join("\n") === [...found].sort().join("\n");
  return [finding("http-mta-sts", url, same ? "pass" : "drift", same ? "" : "another policy", {
    expected,
    found,
  })];
};

const MAIL: ReadonlySet<string> = new Set(["imap", "pop3", "submission"]);

/** What Outlook and others get at the host that they ask. AD-2, AD-5 */
const autodiscover = async (run: Run, offer: Offer): Promise<Finding> => {
  const key = "http-autodiscover";
  const host = `autodiscover.${offer.domain}`;
  const url = `https://${host}${POX_PATH}`;
  const got = await askPox(run, host);
  if ("_tag" in got) return notThere(key, url, got);
  const expected = offer.services.filter((s) => MAIL.has(s.kind))
    .map((s) => `${s.kind} ${s.host}:${s.port} ${s.security}`);
  const found = got.map((s) => `${s.kind} ${s.host}:${s.port} ${s.tls}`);
  const missing = expected.filter((e) => !found.includes(e));
  return missing.length === 0
    ? finding(key, url, "pass", "", { expected, found })
    : finding(key, url, "drift", `does not tell ${missing.join(", ")}`, { expected, found });
};

/** Every endpoint of the model. */
export const checkHttp = async (run: Run, offer: Offer): Promise<ReadonlyArray<Finding>> => {
  const { domain, web } = offer;
  const path = "/mail/config-v1.1.xml";
  const all = await Promise.all([
    web === null
      ? []
      : autoconfig(run, offer, `https://autoconfig.${domain}${path}`, false).then((f) => [f]),
    web === null
      ? []
      : autoconfig(run, offer, `https://${domain}/.well-known/autoconfig${path}`, true)
        .then((f) => [f]),
    web === null ? [] : autodiscover(run, offer).then((f) => [f]),
    pacc(run, offer),
    mtaSts(run, offer),
  ]);
  return all.flat();
};
