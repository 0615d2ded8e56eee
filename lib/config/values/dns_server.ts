/** A name server as `[dns] servers` writes it. RFC 7858, RFC 8484 */
import { parseDomainName } from "../../address/domain.ts";
import { type DnsServer, isLoopback, type TrustAd } from "../../dns/server.ts";
import { isIp, parseSocketAddress } from "./address.ts";

const DOMAIN_PORT = 53;
const DOMAIN_S_PORT = 853;

/** Null where it is none. */
export const parseDnsServer = (text: string, trust: TrustAd = "auto"): DnsServer | null => {
  if (text.startsWith("tls://")) return parseTls(text.slice("tls://".length), trust !== "never");
  if (text.startsWith("https://")) return parseHttps(text, trust !== "never");
  const at = parseSocketAddress(text, DOMAIN_PORT);
  if (at === null) return null;
  const trusted = trust === "always" || (trust === "auto" && isLoopback(at.host));
  return { _tag: "Plain", ...at, trusted };
};

/** `192.0.2.1:853#dns.example.net`; without a name the certificate must be for the host itself. */
const parseTls = (text: string, trusted: boolean): DnsServer | null => {
  const [place = "", name, ...more] = text.split("#");
  const at = parseSocketAddress(place, DOMAIN_S_PORT);
  if (at === null || more.length > 0) return null;
  if (name !== undefined && parseDomainName(name) === null) return null;
  return { _tag: "Tls", ...at, name: name ?? at.host, trusted };
};

/** `https://dns.example.net/dns-query#192.0.2.1`; the address saves asking for it. */
const parseHttps = (text: string, trusted: boolean): DnsServer | null => {
  const [place = "", address, ...more] = text.split("#");
  if (more.length > 0 || !URL.canParse(place) || (address !== undefined && !isIp(address))) {
    return null;
  }
  const url = new URL(place);
  if (url.username !== "" || url.password !== "" || url.hostname === "") return null;
  return { _tag: "Https", url: url.href, address: address ?? null, trusted };
};
