/**
 * Whether a certificate is valid for a host. RFC 9525 §6
 *
 * Only subjectAltName counts; the common name, URI and other kinds of names do not.
 */
import { isIP } from "node:net";

/** `DNS:a, IP Address:b` as `node:tls` prints it, split into kind and value. */
const entries = (altName: string): ReadonlyArray<readonly [string, string]> =>
  altName.split(", ").map((e) => {
    const colon = e.indexOf(":");
    return [e.slice(0, colon), e.slice(colon + 1)] as const;
  });

/** Addresses in one spelling. */
const address = (ip: string): string => isIP(ip) === 6 ? new URL(`http://[${ip}]/`).hostname : ip;

/** `*` stands for exactly one label, as the whole left-most one, above at least two others. RFC 9525 §6.3 */
const matches = (pattern: string, host: string): boolean => {
  const p = pattern.toLowerCase();
  if (!p.startsWith("*.")) return p === host;
  const dot = host.indexOf(".");
  return dot > 0 && p.slice(2).includes(".") && host.slice(dot + 1) === p.slice(2);
};

/**
 * `altName` is the certificate's list as `node:tls` prints it; a quoted entry (one that holds a
 * comma or another odd octet) never matches. `host` is an A-label name or an IP address.
 */
export const covers = (altName: string, host: string): boolean => {
  if (altName.includes('"')) return false;
  const list = entries(altName);
  if (isIP(host) !== 0) {
    return list.some(([kind, value]) =>
      kind === "IP Address" && isIP(value) !== 0 && address(value) === address(host)
    );
  }
  const name = host.toLowerCase().replace(/\.$/, "");
  return list.some(([kind, value]) => kind === "DNS" && matches(value, name));
};
