/** A domain whose records, endpoints and servers are all right, to be broken by a test in one place. */
import { checkDomain } from "../../lib/discovery/check/check.ts";
import type { CheckReport, Finding } from "../../lib/discovery/check/report.ts";
import { expectedRecords } from "../../lib/discovery/expected.ts";
import { mtaStsPolicy } from "../../lib/discovery/mta_sts.ts";
import { type Offer, offerOf } from "../../lib/discovery/offer.ts";
import { paccDocument } from "../../lib/discovery/pacc.ts";
import type { RecordData } from "../../lib/discovery/record.ts";
import { autoconfigDocument } from "../../lib/discovery/autoconfig.ts";
import { poxSettings } from "../../lib/discovery/serve/autodiscover.ts";
import type { DnsRecords, RecordType } from "../../lib/ports/dns.ts";
import { type Said, type World, world } from "./discover_world.ts";

export const offer: Offer = offerOf({
  domain: "example.com",
  servers: {
    "_imaps._tcp": [{ host: "mail.example.com", port: 993 }],
    "_submissions._tcp": [{ host: "mail.example.com", port: 465 }],
  },
  mx: [{ preference: 10, host: "mx.example.com" }],
  hosts: [{ host: "mail.example.com", addresses: ["198.41.0.4"] }],
  spf: "v=spf1 mx -all",
  dmarc: "v=DMARC1; p=reject",
  tlsReports: ["mailto:tls@example.com"],
  dkim: [{ selector: "s1", value: `v=DKIM1; k=rsa; p=${"A".repeat(392)}` }],
  mtaSts: { mode: "enforce", mx: ["mx.example.com"], maxAgeSeconds: 86_400 },
  ttl: 60,
}, { host: "mail.example.com", submission: [], submissions: [465], web: "web.example.com" });

const live = (d: RecordData): DnsRecords[RecordType] => {
  switch (d.type) {
    case "A":
    case "AAAA":
      return d.address;
    case "CNAME":
    case "NS":
      return d.target;
    case "MX":
      return { preference: d.preference, exchange: d.target };
    case "SRV":
      return { ...d, target: d.target === "." ? "" : d.target };
    case "TXT":
      return [d.text];
    default:
      throw new Error(d.type);
  }
};

export const tls = {
  state: "tls-ok",
  capabilities: [],
  mechanisms: ["PLAIN"],
  certificate: {
    names: ["mail.example.com"],
    notAfter: "2027-03-01T00:00:00.000Z",
    spkiSha256: "ab".repeat(32),
    sha256: "cd".repeat(32),
  },
} as const;

export const SERVERS = ["192.0.2.53", "192.0.2.54"] as const;
export const soa = (serial: number): ReadonlyArray<DnsRecords["SOA"]> => [{
  mname: "ns1.example.com",
  rname: "h.example.com",
  serial,
  refresh: 1,
  retry: 1,
  expire: 1,
  minimum: 1,
}];

/** Everything as it should be. */
export const right = async (): Promise<World> => {
  const dns: Record<string, ReadonlyArray<DnsRecords[RecordType]>> = {
    "SOA example.com": soa(7),
    "NS example.com": ["ns1.example.com", "ns2.example.com"],
    "A ns1.example.com": [SERVERS[0]],
    "A ns2.example.com": [SERVERS[1]],
    "A mx.example.com": ["198.41.0.5"],
    "A web.example.com": ["198.41.0.6"],
  };
  for (const r of await expectedRecords(offer)) {
    const key = `${r.data.type} ${r.owner}`;
    dns[key] = [...dns[key] ?? [], live(r.data)];
  }
  const page = { contentType: "text/xml", body: autoconfigDocument(offer) };
  return {
    dns,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": page,
      "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml": page,
      "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json": {
        contentType: "application/json",
        body: paccDocument(offer) ?? "",
      },
      "https://autodiscover.example.com/autodiscover/autodiscover.xml": {
        contentType: "text/xml",
        body: poxSettings(offer, "postmaster@example.com"),
      },
      "https://mta-sts.example.com/.well-known/mta-sts.txt": {
        contentType: "text/plain",
        body: mtaStsPolicy(offer.mtaSts ?? { mode: "none", mx: [], maxAgeSeconds: 1 }),
      },
    },
    probe: { "mail.example.com:993": tls, "mail.example.com:465": tls },
  };
};

export const check = async (w: World): Promise<CheckReport> =>
  await checkDomain(offer, world(w).ports);

export const bad = (r: CheckReport): ReadonlyArray<string> =>
  r.findings.filter((f) => f.status !== "pass" && f.status !== "info")
    .map((f) => `${f.status} ${f.key} ${f.subject}`);

export const at = (r: CheckReport, key: string, subject?: string): Finding => {
  const f = r.findings.find((x) =>
    x.key === key && (subject === undefined || x.subject === subject)
  );
  if (f === undefined) throw new Error(`no finding ${key}`);
  return f;
};

/** The world with changes: undefined takes a record away. */
export const but = async (
  dns: Readonly<Record<string, Said | undefined>>,
  more: World = {},
): Promise<World> => {
  const w = await right();
  const all: Record<string, Said> = { ...w.dns };
  for (const [key, said] of Object.entries(dns)) {
    if (said === undefined) delete all[key];
    else all[key] = said;
  }
  return { ...w, ...more, dns: all };
};

export const IMAPS = "SRV _imaps._tcp.example.com";
export const srv = (target: string, port: number, priority = 0) => ({
  priority,
  weight: 1,
  port,
  target,
});
