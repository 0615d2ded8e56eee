/** The result of a session for TLS reports. RFC 8460 §4.3. Pure. */
import type { Tlsa } from "../../ports/dns.ts";
import type { StsPolicy } from "../../ports/sts_policies.ts";
import type { NotedPolicy, TlsNote, TlsResultType } from "../../ports/tls_notes.ts";
import type { Dane } from "./dane.ts";
import type { Host } from "./hosts.ts";
import type { Unusable } from "../session/peer.ts";

/** How an attempt went. */
export interface Attempt {
  readonly host: Host;
  readonly dane: Dane;
  readonly sts: StsPolicy | null;
  /** Under TLS; false where the connection is in clear, null where there is none. */
  readonly tls: boolean | null;
  /** What went wrong: at the end, or before less TLS was tried. */
  readonly fault: Unusable | null;
}

/** Null where the attempt says nothing of TLS. */
export const noteOf = ({ host, dane, sts, tls, fault }: Attempt): TlsNote | null => {
  const { domain, name, target } = host;
  const about = fault !== null && fault.stage === "TLS" ? fault : null;
  if (domain === null || (tls === null && about === null)) return null;
  const failure = about !== null
    ? { type: typeOf(about, dane), reason: about.verdict.text }
    : tls === false
    ? NOT_SUPPORTED
    : null;
  const address = target._tag === "Tcp" ? target.address : null;
  return { domain, policy: policyOf(dane, sts), host: name, address, failure };
};

const NOT_SUPPORTED = {
  type: "starttls-not-supported",
  reason: "Server offers no STARTTLS",
} as const;

const typeOf = (e: Unusable, dane: Dane): TlsResultType => {
  if (dane._tag === "Trouble") return "dnssec-invalid";
  if (e.untrusted === true) return "certificate-not-trusted";
  return e.verdict.text.includes("no STARTTLS") ? "starttls-not-supported" : "validation-failure";
};

const policyOf = (dane: Dane, sts: StsPolicy | null): NotedPolicy => {
  if (dane._tag === "Records") return { type: "tlsa", lines: dane.records.map(tlsaLine), mx: [] };
  if (dane._tag !== "None") return { type: "tlsa", lines: [], mx: [] };
  if (sts === null) return { type: "no-policy-found", lines: [], mx: [] };
  return {
    type: "sts",
    lines: [
      "version: STSv1",
      `mode: ${sts.mode}`,
      ...sts.mx.map((m) => `mx: ${m}`),
      `max_age: ${sts.maxAgeSeconds}`,
    ],
    mx: sts.mx,
  };
};

const tlsaLine = (r: Tlsa): string => `${r.usage} ${r.selector} ${r.matching} ${r.data}`;
