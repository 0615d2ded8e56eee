/**
 * Checks the servers themselves: that they answer, for the right names, and offer what is published.
 * docs/design/autodiscovery.md §11.2
 */
import { authsOf } from "../discover/probe_all.ts";
import type { ProbeReport } from "../discover/ports.ts";
import type { Offer } from "../offer.ts";
import type { Service } from "../service.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding, Status } from "./report.ts";

const TIMEOUT_MS = 5_000;
const DAY_MS = 86_400_000;
/** A certificate that ends sooner is about to be a fault. */
const SOON_DAYS = 14;

/**
 * The certificate must be for the host itself. RFC 6186 §6 lets the mail domain or an SRV-ID vouch for it, but only to
 * clients that came by SRV and know that; most compare the host that stands in their settings.
 */
const look = (s: Service, ports: CheckPorts, signal: AbortSignal) => {
  if (s.kind !== "imap" && s.kind !== "pop3" && s.kind !== "submission" && s.kind !== "sieve") {
    return null;
  }
  return ports.probe({
    protocol: s.kind,
    security: s.security === "implicit" ? "implicit" : "starttls",
    host: s.host,
    port: s.port,
    names: [],
    srvIds: [],
    timeoutMs: TIMEOUT_MS,
    signal,
  });
};

const place = (s: Service): string => `${s.host}:${s.port}`;

const base = (key: string, s: Service) => ({
  station: "connect" as const,
  key,
  subject: place(s),
  type: s.kind,
});

/** States in which nothing is known about the server itself. */
const UNREACHED: ReadonlySet<string> = new Set(["refused", "timeout", "no-address", "forbidden"]);

const reached = (s: Service, r: ProbeReport): Finding => {
  const status: Status = r.state === "tls-ok"
    ? "pass"
    : r.state === "timeout" || r.state === "forbidden"
    ? "unknown"
    : UNREACHED.has(r.state)
    ? "missing"
    : "drift";
  return {
    ...base("connect", s),
    status,
    expected: [s.security],
    found: [r.state],
    detail: r.reason,
  };
};

const certificate = (s: Service, r: ProbeReport, now: number): ReadonlyArray<Finding> => {
  if (r.certificate === null) return [];
  const days = Math.floor((Date.parse(r.certificate.notAfter) - now) / DAY_MS);
  const held = r.state === "tls-ok";
  return [{
    ...base("certificate", s),
    status: !held ? "drift" : days < SOON_DAYS ? "drift" : "pass",
    expected: [s.host],
    found: r.certificate.names,
    detail: held ? `good for ${days} days` : r.reason,
  }];
};

/** Every way to sign in that is published must be offered; others may be. */
const mechanisms = (s: Service, r: ProbeReport): ReadonlyArray<Finding> => {
  if (r.state !== "tls-ok") return [];
  const offered = authsOf(r.mechanisms);
  const missing = s.auth.filter((a) => !offered.includes(a) && a !== "none" && a !== "address");
  return [{
    ...base("auth", s),
    status: missing.length === 0 ? "pass" : "drift",
    expected: s.auth,
    found: r.mechanisms,
    detail: missing.length === 0 ? "" : `published, and not offered: ${missing.join(", ")}`,
  }];
};

/** TLSA at port and target host. RFC 7673 §3, RFC 6698 §2.1 */
const tlsa = async (
  s: Service,
  r: ProbeReport,
  ports: CheckPorts,
): Promise<ReadonlyArray<Finding>> => {
  const owner = `_${s.port}._tcp.${s.host}`;
  const answer = await ports.lookup(owner, "TLSA");
  if (answer._tag !== "Found" || r.certificate === null) return [];
  const { spkiSha256, sha256 } = r.certificate;
  // other kinds name the authority or a whole certificate, which the probe does not keep
  const known = answer.records.filter((t) => t.usage === 3 && t.matching === 1);
  if (known.length === 0) return [];
  const match = known.some((t) => t.data === (t.selector === 1 ? spkiSha256 : sha256));
  return [{
    ...base("tlsa", s),
    subject: owner,
    status: match ? "pass" : "drift",
    expected: [`3 1 1 ${spkiSha256}`],
    found: known.map((t) => `${t.usage} ${t.selector} ${t.matching} ${t.data}`),
    detail: match ? "" : "the certificate is not the one that TLSA names",
  }];
};

export const checkServers = async (
  offer: Offer,
  ports: CheckPorts,
  signal: AbortSignal,
): Promise<ReadonlyArray<Finding>> => {
  const all = await Promise.all(offer.services.map(async (s): Promise<ReadonlyArray<Finding>> => {
    const r = await look(s, ports, signal);
    if (r === null) return [];
    return [
      reached(s, r),
      ...certificate(s, r, ports.wallClock()),
      ...mechanisms(s, r),
      ...await tlsa(s, r, ports),
    ];
  }));
  return all.flat();
};
