/** The public key of a selector as DNS has it. RFC 6376 §3.6.1, RFC 8463 §4 */

export type DkimKeyType = "rsa" | "ed25519";

export interface DkimRecord {
  readonly type: DkimKeyType;
  /** Base64; empty: revoked. */
  readonly key: string;
}

export const recordName = (selector: string, domain: string): string =>
  `${selector}._domainkey.${domain}`;

export const printRecord = (r: DkimRecord): string => `v=DKIM1; k=${r.type}; p=${r.key}`;

/** A character-string holds 255 octets; an RSA key takes two. RFC 6376 §3.6.2.2 */
export const recordStrings = (r: DkimRecord): ReadonlyArray<string> =>
  printRecord(r).match(/.{1,255}/g) ?? [];

/** A line for a zone file. */
export const zoneLine = (name: string, r: DkimRecord): string =>
  `${name}. IN TXT ( ${recordStrings(r).map((s) => `"${s}"`).join(" ")} )`;

/** What the strings of a TXT record say, joined; null where it is no key. RFC 6376 §3.6.1 */
export const parseRecord = (strings: ReadonlyArray<string>): DkimRecord | null => {
  const tags = new Map<string, string>();
  for (const tag of strings.join("").split(";")) {
    const eq = tag.indexOf("=");
    if (eq < 0) continue;
    tags.set(tag.slice(0, eq).trim(), tag.slice(eq + 1).replace(/[\t\r\n ]+/g, ""));
  }
  const type = tags.get("k") ?? "rsa";
  const key = tags.get("p");
  const version = tags.get("v") ?? "DKIM1";
  if (key === undefined || version !== "DKIM1") return null;
  return type === "rsa" || type === "ed25519" ? { type, key } : null;
};
