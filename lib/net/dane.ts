/**
 * Whether a chain of certificates matches TLSA records. RFC 6698 §2.1, RFC 7671 §5, RFC 7672 §3
 *
 * Looks nothing up; the caller has selected the usable records.
 */
import { Buffer } from "node:buffer";
import { createHash, X509Certificate } from "node:crypto";
import type { Tlsa } from "../ports/dns.ts";
import { covers } from "./certificate_names.ts";

const DANE_TA = 2;
const DANE_EE = 3;

/** What a record speaks of: the certificate or its public key, whole or as a digest. RFC 6698 §2.1.2, §2.1.3 */
export const associated = (c: X509Certificate, selector: number, matching: number): string => {
  const octets = selector === 0
    ? c.raw
    : Buffer.from(c.publicKey.export({ type: "spki", format: "der" }));
  if (matching === 0) return octets.toString("hex");
  return createHash(matching === 1 ? "sha256" : "sha512").update(octets).digest("hex");
};

const matches = (c: X509Certificate, r: Tlsa): boolean =>
  associated(c, r.selector, r.matching) === r.data;

/**
 * Why the chain (the server's own certificate first) does not match; null where it does.
 *
 * EE(3) binds the key alone: neither names nor dates count. TA(2) wants the anchor in the chain, valid signatures
 * up to it, dates, and one of `names`. RFC 7672 §3.1.1, §3.1.2
 */
export const daneFault = (
  chain: ReadonlyArray<X509Certificate>,
  records: ReadonlyArray<Tlsa>,
  names: ReadonlyArray<string>,
  now: number,
): string | null => {
  const [own] = chain;
  if (own === undefined) return "server showed no certificate";
  if (records.some((r) => r.usage === DANE_EE && matches(own, r))) return null;
  const anchors = records.filter((r) => r.usage === DANE_TA);
  const at = chain.findIndex((c) => anchors.some((r) => matches(c, r)));
  if (at < 0) return "certificate matches no TLSA record";
  // the anchor itself may be the server's own certificate
  const path = chain.slice(0, at + 1);
  if (!path.every((c) => within(c, now))) {
    return "a certificate below the TLSA anchor is not valid now";
  }
  if (!path.every((c, i) => i === 0 || signs(c, path[i - 1]!))) {
    return "chain to the TLSA anchor does not hold";
  }
  return names.some((n) => covers(own.subjectAltName ?? "", n))
    ? null
    : "certificate by the TLSA anchor is for another name";
};

const within = (c: X509Certificate, now: number): boolean =>
  Date.parse(c.validFrom) <= now && now <= Date.parse(c.validTo);

const signs = (issuer: X509Certificate, c: X509Certificate): boolean =>
  issuer.ca && c.checkIssued(issuer) && c.verify(issuer.publicKey);

/** Certificates as `getPeerCertificate(true)` gives them; a root is its own issuer. */
interface Shown {
  readonly raw?: Uint8Array | undefined;
  readonly issuerCertificate?: Shown | undefined;
}

/** No real chain is longer. */
const MAX_CHAIN = 10;

/** What the server has sent, its own certificate first. Throws where one cannot be read. */
export const chainOf = (first: Shown): ReadonlyArray<X509Certificate> => {
  const out: Array<X509Certificate> = [];
  const seen = new Set<Shown>();
  for (
    let c: Shown | undefined = first;
    c?.raw !== undefined && !seen.has(c) && out.length < MAX_CHAIN;
    c = c.issuerCertificate
  ) {
    seen.add(c);
    out.push(new X509Certificate(c.raw));
  }
  return out;
};
