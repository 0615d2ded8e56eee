/** The system's own configuration: /etc/resolv.conf, read again when it may have changed. resolv.conf(5) */
import { readFileSync } from "node:fs";
import { isLoopback, type PlainServer, type TrustAd } from "./server.ts";

/** More are not asked, whatever the file says. */
const MAX_SERVERS = 8;

/** Servers of one `resolv.conf`; `trust-ad` says that their AD bit counts. Loopback where it names none. */
export const serversOf = (text: string, trust: TrustAd): ReadonlyArray<PlainServer> => {
  const lines = text.split("\n").map((l) => l.replace(/[#;].*/, "").trim().split(/\s+/));
  const all = lines.some(([key, ...words]) => key === "options" && words.includes("trust-ad"));
  const hosts = lines.flatMap(([key, host]) =>
    key === "nameserver" && host !== undefined ? [host.replace(/%.*$/, "")] : []
  );
  return (hosts.length === 0 ? ["127.0.0.1"] : hosts).slice(0, MAX_SERVERS).map((host) => ({
    _tag: "Plain",
    host,
    port: 53,
    trusted: trust === "always" || (trust === "auto" && (all || isLoopback(host))),
  }));
};

const REREAD_MS = 30_000;

/** Gives the servers of `path` at each call; the file is looked at twice a minute at most. */
export const systemServers = (
  trust: TrustAd,
  path = "/etc/resolv.conf",
): (now: number) => ReadonlyArray<PlainServer> => {
  let known: ReadonlyArray<PlainServer> | null = null;
  let at = 0;
  return (now) => {
    if (known !== null && now >= at && now - at < REREAD_MS) return known;
    at = now;
    try {
      known = serversOf(readFileSync(path, "utf8"), trust);
    } catch {
      known ??= serversOf("", trust);
    }
    return known;
  };
};
