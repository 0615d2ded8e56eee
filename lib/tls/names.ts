/** The names of a certificate, and whether one of them matches the name that a client asks for. */

/** dNSName entries of a subjectAltName as `node:crypto` prints it, in lower case. RFC 9525 §6.3 */
export const dnsNames = (subjectAltName: string | undefined): ReadonlyArray<string> =>
  (subjectAltName ?? "").split(", ").flatMap((entry) =>
    entry.startsWith("DNS:") && !entry.includes('"') ? [entry.slice(4).toLowerCase()] : []
  );

/**
 * What to look up for a server name, best first: the name itself, then the wildcard that can stand
 * for its left-most label. RFC 9525 §6.3
 */
export const candidates = (serverName: string): ReadonlyArray<string> => {
  const name = serverName.toLowerCase().replace(/\.$/, "");
  const dot = name.indexOf(".");
  return dot > 0 ? [name, `*${name.slice(dot)}`] : [name];
};
