/** What a domain publishes for clients, fetched once: SRV, files, Autodiscover, profile. */
import type { Srv } from "../../ports/dns.ts";
import { readAutoconfig } from "../discover/autoconfig_document.ts";
import { fetchDocument, type NotFetched } from "../discover/fetch.ts";
import { poxRequest, readPox } from "../discover/pox.ts";
import type { Run } from "../discover/run.ts";
import { shortLabel } from "../discover/srv.ts";
import { MAX_XML } from "../discover/xml.ts";
import { SRV_LABELS } from "../service.ts";
import type { File } from "./clients/profile.ts";
import type { Place, Published, PublishedFile } from "./clients/simulate.ts";

const PATH = "/mail/config-v1.1.xml";

const fileUrls = (domain: string): Readonly<Record<File, string>> => ({
  "https-host": `https://autoconfig.${domain}${PATH}`,
  "https-domain": `https://${domain}/.well-known/autoconfig${PATH}`,
  "http-host": `http://autoconfig.${domain}${PATH}`,
  "http-domain": `http://${domain}/.well-known/autoconfig${PATH}`,
});

const fileAt = async (run: Run, url: string): Promise<PublishedFile | null> => {
  const f = await fetchDocument(run, {
    method: "autoconfig",
    url,
    accept: "text/xml",
    maxBytes: MAX_XML,
  });
  if (f._tag === "NotFetched") return null;
  const read = readAutoconfig(f.body);
  return read._tag === "Document" ? { contentType: f.contentType, document: read.document } : null;
};

export const POX_PATH = "/autodiscover/autodiscover.xml";

/** The servers that a host tells by Autodiscover, or why it tells none. */
export const askPox = async (
  run: Run,
  host: string,
): Promise<ReadonlyArray<Place> | NotFetched> => {
  const address = `postmaster@${run.subject.domain}`;
  const f = await fetchDocument(run, {
    method: "pox",
    url: `https://${host}${POX_PATH}`,
    accept: "text/xml",
    maxBytes: MAX_XML,
    body: poxRequest(address),
  });
  if (f._tag === "NotFetched") return f;
  const read = readPox(f.body, address);
  return read._tag === "Servers" ? read.servers : [];
};

const poxAt = async (run: Run, host: string): Promise<ReadonlyArray<Place> | null> => {
  const got = await askPox(run, host);
  return "_tag" in got || got.length === 0 ? null : got;
};

const srvAt = async (run: Run, label: string): Promise<ReadonlyArray<Srv>> => {
  const answer = await run.ports.lookup(`${label}.${run.subject.domain}`, "SRV");
  return answer._tag === "Found" ? answer.records : [];
};

const token = async (run: Run): Promise<boolean> => {
  const answer = await run.ports.lookup(run.subject.domain, "TXT");
  return answer._tag === "Found" && answer.records.some((r) => r.join("").startsWith("MS="));
};

/** `web`: the host that serves the profile; null: nobody does. */
const profileAt = async (run: Run, web: string | null): Promise<boolean> => {
  if (web === null) return false;
  const f = await fetchDocument(run, {
    method: "http",
    url: `https://${web}/.well-known/mobileconfig?emailaddress=postmaster%40${run.subject.domain}`,
    accept: "*/*",
    maxBytes: MAX_XML,
  });
  return f._tag === "Fetched" && f.contentType.startsWith("application/x-apple-aspen-config");
};

const present = <K extends string, V>(
  entries: ReadonlyArray<readonly [K, V | null]>,
): Readonly<Partial<Record<K, V>>> => {
  const out: Partial<Record<K, V>> = {};
  for (const [key, value] of entries) if (value !== null) out[key] = value;
  return out;
};

export const published = async (run: Run, web: string | null): Promise<Published> => {
  const { domain } = run.subject;
  const labels = [...SRV_LABELS.map((l) => l.label), "_smtps._tcp"];
  const urls = Object.entries(fileUrls(domain)) as ReadonlyArray<readonly [File, string]>;
  const [srv, auto, files, profile, m365] = await Promise.all([
    Promise.all(labels.map(async (l) => [shortLabel(l), await srvAt(run, l)] as const)),
    srvAt(run, "_autodiscover._tcp"),
    Promise.all(urls.map(async ([name, url]) => [name, await fileAt(run, url)] as const)),
    profileAt(run, web),
    token(run),
  ]);
  const target = auto.find((r) => r.target !== "")?.target ?? null;
  const pox = await Promise.all([
    poxAt(run, domain).then((p) => ["domain", p] as const),
    poxAt(run, `autodiscover.${domain}`).then((p) => ["autodiscover", p] as const),
    target === null
      ? Promise.resolve(["srv", null] as const)
      : poxAt(run, target).then((p) => ["srv", p] as const),
  ]);
  return {
    domain,
    srv: Object.fromEntries(srv),
    files: present(files),
    pox: present(pox),
    poxTarget: target,
    profile,
    m365,
  };
};
