/** The records that an offer asks for: what a domain should publish so that clients find it. */
import { type ExpectedRecord, inOrder, type RecordData } from "./record.ts";
import { mtaStsRecord } from "./mta_sts.ts";
import { type Offer, within } from "./offer.ts";
import { paccDigest, paccDocument } from "./pacc.ts";
import { labelOf, type Service, SRV_LABELS, WELL_KNOWN } from "./service.ts";

type Need = ExpectedRecord["need"];
type Add = (key: string, owner: string, data: RecordData, note: string, need?: Need) => void;

/** In the order of a zone file. Same offer, same records. */
export const expectedRecords = async (offer: Offer): Promise<ReadonlyArray<ExpectedRecord>> => {
  const out: Array<ExpectedRecord> = [];
  const seen = new Set<string>();
  const add: Add = (key, owner, data, note, need = "required") => {
    const same = JSON.stringify([owner, data]);
    if (!seen.has(same)) out.push({ key, owner, ttl: offer.ttl, data, note, need });
    seen.add(same);
  };
  hosts(offer, add);
  services(offer, add);
  dav(offer, add);
  await webNames(offer, add);
  await policies(offer, add);
  certificates(offer, add);
  return inOrder(out);
};

const hosts = (offer: Offer, add: Add): void => {
  for (const { host, addresses } of offer.hosts) {
    for (const address of addresses) {
      const type = address.includes(":") ? "AAAA" : "A";
      add("host", host, { type, address }, `address of ${host}`);
    }
  }
  for (const { preference, host } of offer.mx) {
    const note = host === "." ? "takes no mail, RFC 7505" : "mail for the domain goes here";
    add("mx", offer.domain, { type: "MX", preference, target: host }, note);
  }
};

const SRV_ABSENT = { type: "SRV", priority: 0, weight: 0, port: 0, target: "." } as const;

/** Without its underscore and protocol: `imaps`. */
const shortLabel = (label: string): string => label.slice(1).replace(/\._tcp$/, "");

const services = (offer: Offer, add: Add): void => {
  const { domain } = offer;
  for (const s of offer.services) {
    const label = labelOf(s);
    if (label === null) continue;
    const name = shortLabel(label.label);
    const { priority, weight, port } = s;
    add(
      name === "caldavs" || name === "carddavs" ? "srv-dav" : `srv-${name}`,
      `${label.label}.${domain}`,
      { type: "SRV", priority, weight, port, target: s.host },
      `${name} is here`,
    );
    if (name === "submissions" && offer.compat.smtps) {
      const data = { type: "SRV", priority, weight, port, target: s.host } as const;
      add("compat-smtps", `_smtps._tcp.${domain}`, data, "for aerc", "optional");
    }
  }
  // some panels cannot store a root target, so that nobody may insist on it. P-4
  for (const { label } of SRV_LABELS.filter((l) => offer.absent.includes(l.label))) {
    const name = shortLabel(label);
    add(`srv-${name}`, `${label}.${domain}`, SRV_ABSENT, `${name} is not offered`, "optional");
  }
};

/** Where DAV begins; GNOME asks at the target instead of at the label. RFC 6764 §4, DAV-2, DAV-5 */
const dav = (offer: Offer, add: Add): void => {
  const all = offer.services.filter((s) => s.kind === "caldav" || s.kind === "carddav");
  const said = (s: Service): string | null =>
    s.path === null || s.path === WELL_KNOWN[s.kind] ? null : `path=${s.path}`;
  for (const s of all) {
    const text = said(s);
    const label = labelOf(s)?.label;
    if (text === null || label === undefined) continue;
    add("srv-dav", `${label}.${offer.domain}`, { type: "TXT", text }, `${s.kind} starts there`);
    const alone = all.every((o) => o.host !== s.host || said(o) === text);
    if (alone && within(s.host, offer.domain)) {
      add("srv-dav", s.host, { type: "TXT", text }, "for GNOME Online Accounts", "optional");
    }
  }
};

const webNames = async (offer: Offer, add: Add): Promise<void> => {
  const { domain, web } = offer;
  if (web === null) return;
  const alias = (key: string, label: string, note: string): void => {
    const owner = `${label}.${domain}`;
    // a host with addresses of its own is no alias
    const host = offer.hosts.some((h) => h.host === owner);
    if (owner !== web && !host) add(key, owner, { type: "CNAME", target: web }, note);
  };
  alias("autoconfig", "autoconfig", "Thunderbird and others ask here");
  alias("autodiscover", "autodiscover", "Outlook asks here");
  if (offer.compat.autodiscover) {
    const data = { type: "SRV", priority: 0, weight: 0, port: 443, target: web } as const;
    add("srv-autodiscover", `_autodiscover._tcp.${domain}`, data, "for Outlook", "optional");
  }
  const document = paccDocument(offer);
  if (document !== null) {
    alias("pacc-host", "ua-auto-config", "PACC clients ask here");
    const text = await paccDigest(document);
    add("pacc-digest", `_ua-auto-config.${domain}`, { type: "TXT", text }, "digest of PACC");
  }
  if (offer.mtaSts !== null) alias("mtasts", "mta-sts", "MTA-STS policy is served here");
  if (offer.compat.mailconf) {
    const text = `mailconf=https://autoconfig.${domain}/mail/config-v1.1.xml`;
    add("compat-mailconf", domain, { type: "TXT", text }, "for io-pim-discovery", "optional");
  }
};

const policies = async (offer: Offer, add: Add): Promise<void> => {
  const { domain } = offer;
  const text = (key: string, owner: string, value: string, note: string, need?: Need): void =>
    add(key, owner, { type: "TXT", text: value }, note, need);
  /** Where the site says nothing: a proposal. */
  const hint = (said: string | null): Need => said === null ? "hint" : "required";
  const nullMx = offer.mx.some((m) => m.host === ".");
  text("spf", domain, offer.spf ?? "v=spf1 mx -all", "who may send, RFC 7208", hint(offer.spf));
  const dmarc = offer.dmarc ?? `v=DMARC1; p=none; rua=mailto:postmaster@${domain}`;
  text("dmarc", `_dmarc.${domain}`, dmarc, "what to do with forgeries", hint(offer.dmarc));
  for (const { selector, value } of offer.dkim) {
    text("dkim", `${selector}._domainkey.${domain}`, value, "key of our signatures");
  }
  if (offer.mtaSts !== null) {
    const value = await mtaStsRecord(offer.mtaSts);
    text("mtasts", `_mta-sts.${domain}`, value, "there is an MTA-STS policy");
  }
  const reports = offer.tlsReports.length > 0
    ? offer.tlsReports
    : nullMx
    ? []
    : [`mailto:postmaster@${domain}`];
  if (reports.length > 0) {
    const need = hint(offer.tlsReports.length > 0 ? "" : null);
    const value = `v=TLSRPTv1; rua=${reports.join(",")}`;
    text("tlsrpt", `_smtp._tls.${domain}`, value, "where TLS reports go", need);
  }
};

const certificates = (offer: Offer, add: Add): void => {
  for (const { flags, tag, value } of offer.caa) {
    add("caa", offer.domain, { type: "CAA", flags, tag, value }, "who may issue certificates");
  }
  for (const { owner, usage, selector, matching, certificate } of offer.tlsa) {
    const key = owner.startsWith("_25.") ? "tlsa-mx" : "tlsa-client";
    const data = { type: "TLSA", usage, selector, matching, certificate } as const;
    add(key, owner, data, "signed zones only");
  }
};
