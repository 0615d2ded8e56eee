/** An attempt at a next hop: the host, its TLS, the policy that required it, and the duration. Pure. */

export interface ContactTls {
  /** As `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** What verified the host; null: it was not verified. */
  readonly verified: "DANE" | "PKIX" | null;
}

/** A host that was spoken to, or was to be. */
export interface Contact {
  readonly host: string;
  /** IP address or path; absent: it came to no connection. */
  readonly address?: string;
  /** Absent: it did not come to that. */
  readonly tls?: ContactTls | "clear";
  /** Which TLS policy held towards it, for people; absent where there can be no TLS. */
  readonly policy?: string;
}

/** A host that could not be used before, and why. */
export interface Tried extends Contact {
  readonly why: string;
}

export interface Attempt extends Contact {
  /** From its begin to its end; absent: nothing was tried, since the hop had just failed. */
  readonly ms?: number;
  /** Others before this host. */
  readonly tried?: ReadonlyArray<Tried>;
}

/** `host [address] (result of TLS; policy: the one that applied)`. */
export const contactText = ({ host, address, tls, policy }: Contact): string => {
  const at = address === undefined || address === host ? host : `${host} [${address}]`;
  if (policy === undefined) return at;
  if (tls === undefined) return `${at} (${policy})`;
  const came = tls === "clear"
    ? "in clear"
    : tls.verified === null
    ? "unverified TLS"
    : "verified TLS";
  return came === policy ? `${at} (${came})` : `${at} (${came}; policy: ${policy})`;
};

/** A contact serves many messages. */
const written = new WeakMap<Contact, string>();

/** For the spool. */
export const attemptJson = (
  contact: Contact,
  { ms, tried }: Pick<Attempt, "ms" | "tried">,
): string => {
  let json = written.get(contact);
  if (json === undefined) {
    json = JSON.stringify(contact);
    written.set(contact, json);
  }
  const also = tried === undefined || tried.length === 0 ? "" : `,"tried":${JSON.stringify(tried)}`;
  return ms === undefined && also === ""
    ? json
    : `${json.slice(0, -1)}${ms === undefined ? "" : `,"ms":${Math.round(ms)}`}${also}}`;
};

/** What the spool has of an attempt: JSON, or words of an older version. */
export const readAttempt = (
  stored: string | null,
): { readonly text: string | null; readonly attempt: Attempt | null } => {
  if (stored === null || !stored.startsWith("{")) return { text: stored, attempt: null };
  try {
    const attempt = JSON.parse(stored) as Attempt;
    return { text: contactText(attempt), attempt };
  } catch {
    return { text: stored, attempt: null };
  }
};
