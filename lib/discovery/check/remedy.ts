/**
 * The remedy for a finding, as text: every finding that is not right ends with it. docs/design/autodiscovery.md
 * §11.1
 */
import type { Offer } from "../offer.ts";
import type { Finding, Status } from "./report.ts";

/** `d` is the mail domain, `f` what was found. */
type Remedy = (f: Finding, d: string) => string;

const publish = (d: string): string =>
  `"postern publish ${d}" prints it, and with --update SERVER --tsig KEYFILE sends it`;

/** A record set of ours. */
const RECORD: Readonly<Record<Status, Remedy>> = {
  pass: () => "",
  info: (f, d) =>
    f.found.length > 0
      ? `set it in [[domain]] of ${d} if the configuration is to look after it`
      : `nothing has to be done; ${publish(d)}`,
  missing: (_, d) => `publish it: ${publish(d)}`,
  drift: (_, d) =>
    `put what is expected in the place of what was found: ${
      publish(d)
    }; or, if what was found is meant, ` +
    "change [[domain]] of the configuration",
  extra: (_, d) =>
    `remove what is not expected from the zone, or add it to [[domain]] of ${d} if it is meant`,
  conflict: () => "remove the unexpected one of the two",
  shadowed: (_, d) => `publish the record itself, which goes before the wildcard: ${publish(d)}`,
  pending: () =>
    "wait until the TTL is over and the other name servers have the zone; if it stays, look at the " +
    "transfer to them",
  unknown: (f) =>
    f.detail.startsWith("bogus")
      ? "sign the zone again, or restore the signature of this record set; delv +rtrace shows where it breaks"
      : "make sure that the name servers answer and the resolver of [dns] works, and check again",
};

const SERVER: Readonly<Partial<Record<Status, string>>> = {
  missing:
    "start the service there, or open the port in the firewall; or remove the host from [[domain]]",
  unknown:
    "make sure that the port can be reached from here (--allow-private for private addresses), and check again",
  drift: "let the server offer what is expected on this port, or publish another port",
};

const HTTP: Readonly<Partial<Record<Status, string>>> = {
  missing:
    "let the host that web names answer there: [http] serves it, or a proxy that passes it on",
  unknown:
    "make sure that the host resolves and can be reached from here (--allow-private for private addresses), and check again",
  drift:
    "let this name lead to the [http] of Postern, with a certificate for it, and restart Postern after a change of the configuration",
  conflict: "name every exchanger of the domain in the policy: mx of [[domain]]",
  info: "nothing to do: clients also ask elsewhere",
};

const SPF =
  'end the record with "-all" or "~all", with all that is asked for before it, and nothing behind';

/** By key: what the row is about says more than how wrong it is. */
const BY_KEY: Readonly<Record<string, Remedy>> = {
  "spf": (f, d) => `${SPF}; ${RECORD[f.status](f, d)}`,
  "spf-lookups": () =>
    "name addresses (ip4, ip6) in place of includes until at most ten terms need DNS",
  "target": (f) =>
    f.status === "conflict"
      ? "let SRV and MX name a host that has addresses of its own"
      : f.status === "missing"
      ? "publish addresses of the host (addresses in [[domain]]), or name another host"
      : RECORD.unknown(f, ""),
  "wildcard-shadow": () =>
    "remove the wildcard from the zone, or accept that unpublished names lead there",
  "srv-left-over": (f, d) =>
    f.status === "info"
      ? `remove it if it is unused, or name it in [[domain]] of ${d}`
      : `remove it from the zone, or name its server in [[domain]] of ${d} if it is meant`,
  "ttl": (_, d) => `${publish(d)}; or set ttl_seconds in [[domain]] to what the zone has`,
  "name-server": (f) =>
    f.status === "missing"
      ? "publish an address of the name server, or remove it from the NS set, here and in the parent zone"
      : "make sure that it runs, can be reached over UDP and TCP and has the zone; or remove it from the NS set, " +
        "here and in the parent zone",
  "zone-dnssec": () =>
    "sign the zone again, or have the parent zone hold the DS of the key that signs it, or none",
  "not-known": (f, d) => RECORD.unknown(f, d),
  "delegation": () =>
    "give the registrar, or the operator of the parent zone, the NS set of the zone, or change the zone",
  "delegation-ds": (f) =>
    f.status === "unknown"
      ? RECORD.unknown(f, "")
      : "have the parent zone remove the DS, or have the zone served by a server that signs it",
  "certificate": (f) =>
    `get a certificate that names ${
      f.expected.join(", ")
    }, from an authority that clients trust, and renew it in time: ` +
    "[tls] or [[tls.sni]]",
  "auth": () =>
    "let the server offer what is published, or remove it from auth in [[domain]] and [auth] mechanisms",
  "tlsa": (_, d) => `publish the digest of the present key: "postern publish ${d} --tlsa"`,
  "http-pacc": (f, d) =>
    f.status === "drift" ? `${HTTP["drift"]}; then ${publish(d)}` : HTTP[f.status] ?? "",
  "round-trip": (f, d) =>
    f.status === "extra"
      ? "remove what leads there from the zone and the files, or name these servers in [[domain]]"
      : f.status === "unknown"
      ? `mend what is not known above; "postern discover ${d} --explain" shows each step`
      : `mend what is missing above; "postern discover ${d} --explain" shows each step`,
};

const remedyOf = (f: Finding, domain: string): string => {
  const own = BY_KEY[f.key];
  if (own !== undefined) return own(f, domain);
  switch (f.station) {
    case "http":
      return HTTP[f.status] ?? "";
    case "connect":
      return SERVER[f.status] ?? "";
    default:
      return RECORD[f.status](f, domain);
  }
};

export const withRemedy = (f: Finding, offer: Offer): Finding => {
  if (f.status === "pass" || f.remedy !== undefined) return f;
  const remedy = remedyOf(f, offer.domain);
  return remedy === "" ? f : { ...f, remedy };
};
