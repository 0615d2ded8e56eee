/** `[[extensions.burl]]`: IMAP servers that parts of messages are fetched from. RFC 4468 §4 */
import { isLoopback } from "../../dns/server.ts";
import type { ImapServer } from "../../ports/url_fetcher.ts";
import { printSocketAddress } from "../values/address.ts";
import { parseImapBase } from "../values/imap_base.ts";
import { secretIn, type Surroundings } from "../values/secret.ts";

export interface BurlEntry {
  readonly url: string;
  readonly via?: string | undefined;
  readonly tls: "required" | "none";
  readonly username: string;
  readonly password_file: string;
  readonly ca?: string | undefined;
}

/** Reports what is wrong between the keys; null then. */
export const imapServerOf = (
  entry: BurlEntry,
  around: Surroundings,
  report: (key: "tls" | "ca" | "password_file", message: string) => void,
): ImapServer | null => {
  const named = parseImapBase(entry.url, ["imap"]);
  const reached = parseImapBase(entry.via ?? entry.url, ["imap", "imaps"]);
  const password = secretIn(entry.password_file, around, (m) => report("password_file", m));
  if (named === null || reached === null) return null;
  const { scheme, host, port } = reached;
  const clear = entry.tls === "none";
  const faults = [
    clear && scheme === "imaps" ? "imaps: is always with TLS" : null,
    clear && !isLoopback(host) ? "may be none only where via is an address of this machine" : null,
  ].filter((f) => f !== null);
  for (const f of faults) report("tls", f);
  if (clear && entry.ca !== undefined) report("ca", "authorities are used only with TLS");
  if (faults.length > 0 || password === null) return null;
  return {
    origin: printSocketAddress(named).toLowerCase(),
    host,
    port,
    tls: clear ? "none" : scheme === "imaps" ? "implicit" : "starttls",
    username: entry.username,
    password,
    ca: entry.ca === undefined ? null : around.resolve(entry.ca),
  };
};
