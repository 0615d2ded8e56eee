/**
 * From a next hop to the hosts that may take its mail, in the order in which they are tried. RFC 5321 §5.1
 *
 * Asks the Resolver; connects to nothing and decides nothing about TLS.
 */
import { Effect } from "effect";
import { isIP } from "node:net";
import { byWeight, randomDraw } from "../../discovery/choose.ts";
import type { DialTarget } from "../../ports/dialer.ts";
import type { NextHop, SeveralHop, SeveralMember, TlsLevel } from "../../ports/routes.ts";
import { Resolver } from "../../ports/resolver.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";
import { hostsOf as atAddresses, isThisMachine, type MxHost, planMx } from "./mx.ts";
import type { RelaySettings } from "../settings.ts";
import { planSrv, serviceOf } from "./srv.ts";

export type Remote = Exclude<NextHop, { readonly _tag: "Maildir" }>;

export interface Host {
  readonly target: DialTarget;
  /** Name for people, for SNI and for reports. */
  readonly name: string;
  readonly port: number;
  readonly protocol: "SMTP" | "LMTP";
  readonly implicitTls: boolean;
  /** What the route asks for. */
  readonly level: TlsLevel;
  /** Whom we meant to reach: one of these must be in the certificate where it is verified. RFC 9525 §3 */
  readonly names: ReadonlyArray<string>;
  /** The same as SRV-IDs, where SRV records led here. RFC 4985 §2 */
  readonly srvIds: ReadonlyArray<string>;
  /** The recipients' domain where its own exchangers are used; null for a host that was configured. */
  readonly domain: string | null;
  /** Whose MTA-STS policy holds: that domain, or the name of a smarthost; null: none. RFC 8461 §3.4 */
  readonly stsDomain: string | null;
  /** DNSSEC proves the way from the domain to this host; a configured host needs no proof. */
  readonly proven: boolean;
  /** What DNSSEC says of the address; null where TLSA records are not looked for. */
  readonly dns: Pick<MxHost, "secure" | "alias"> | null;
  /** Names besides the TLSA base that a certificate by a TLSA anchor may hold. RFC 7672 §3.2.3 */
  readonly daneNames: ReadonlyArray<string>;
}

export type Hosts =
  | { readonly _tag: "Hosts"; readonly hosts: ReadonlyArray<Host> }
  | { readonly _tag: "None"; readonly verdict: Verdict };

const LOOP = ours("permanent", "5.4.6", "The next hop is this server itself");

export const hostsOf: (
  hop: Remote,
  settings: RelaySettings,
) => Effect.Effect<Hosts, never, Resolver> = Effect.fnUntraced(function* (hop, settings) {
  if (hop._tag !== "Several") return yield* single(hop, settings);
  const hosts: Array<Host> = [];
  const verdicts: Array<Verdict> = [];
  for (const member of inTurn(hop)) {
    const h = yield* single(member, settings);
    if (h._tag === "Hosts") hosts.push(...h.hosts);
    else verdicts.push(h.verdict);
  }
  const verdict = milder(verdicts);
  return hosts.length > 0 || verdict === null
    ? { _tag: "Hosts" as const, hosts }
    : { _tag: "None" as const, verdict };
});

/** What may be there tomorrow outlives what is not there at all. */
export const milder = (verdicts: ReadonlyArray<Verdict>): Verdict | null =>
  verdicts.find((v) => v.kind === "temporary") ?? verdicts[0] ?? null;

/** By weight, drawn anew each time; those of weight 0 come behind, in their order. */
export const inTurn = ({ hops, weights }: SeveralHop): ReadonlyArray<SeveralMember> => {
  if (weights === null) return hops;
  const all = hops.map((hop, i) => ({ hop, weight: weights[i] ?? 0 }));
  const drawn = byWeight(all.filter((e) => e.weight > 0), (low, high) => randomDraw(low + 1, high));
  return [...drawn, ...all.filter((e) => e.weight === 0)].map((e) => e.hop);
};

const single = (
  hop: Exclude<Remote, SeveralHop>,
  settings: RelaySettings,
): Effect.Effect<Hosts, never, Resolver> => {
  switch (hop._tag) {
    case "Mx":
      return exchangers(hop, settings);
    case "Srv":
      return services(hop);
    case "LmtpUnix":
      return Effect.succeed({
        _tag: "Hosts",
        hosts: [{
          ...PLAIN,
          target: { _tag: "Unix", path: hop.path },
          name: hop.path,
          port: 0,
          protocol: "LMTP",
          level: "none",
          names: [],
        }],
      });
    default:
      return configured(hop, settings);
  }
};

const PLAIN = {
  implicitTls: false,
  srvIds: [],
  domain: null,
  stsDomain: null,
  proven: true,
  dns: null,
  daneNames: [],
} as const;

type HostHop = Extract<Remote, { readonly _tag: "Smtp" | "Lmtp" }>;

/** The system looks the name up, unless TLSA records count: then whether DNSSEC vouches matters. RFC 7672 §2.2.2 */
const configured = Effect.fnUntraced(
  function* (hop: HostHop, settings: RelaySettings): Effect.fn.Return<Hosts, never, Resolver> {
    const { host, port, implicitTls, tls: level } = hop;
    if (isIP(host) !== 0 && settings.isOurs(host)) return { _tag: "None", verdict: LOOP };
    const common = {
      ...PLAIN,
      name: host,
      port,
      implicitTls,
      level,
      protocol: hop._tag === "Lmtp" ? "LMTP" : "SMTP",
      stsDomain: hop._tag === "Smtp" && isIP(host) === 0 && host.includes(".") ? host : null,
      names: [host],
      daneNames: [host],
    } as const;
    const at = (address: string): DialTarget => ({ _tag: "Tcp", address, port });
    if ((level !== "dane" && level !== "dane-only") || isIP(host) !== 0) {
      return { _tag: "Hosts", hosts: [{ ...common, target: at(host) }] };
    }
    const found = atAddresses(host, yield* (yield* Resolver).addresses(host));
    return found.length === 0
      ? { _tag: "None", verdict: ours("temporary", "4.4.3", `${host} has no address now`) }
      : {
        _tag: "Hosts",
        hosts: found.map((h) => ({ ...common, target: at(h.address), dns: h })),
      };
  },
);

/** The name of the domain serves as reference; a target counts where it lies below it, or DNSSEC names it. RFC 6186 §6 */
const services = Effect.fnUntraced(
  function* (
    hop: Extract<Remote, { readonly _tag: "Srv" }>,
  ): Effect.fn.Return<Hosts, never, Resolver> {
    const plan = yield* planSrv(hop.name);
    if (plan._tag === "None") return plan;
    const { service, domain } = serviceOf(hop.name);
    return {
      _tag: "Hosts",
      hosts: plan.hosts.map((h): Host => ({
        ...PLAIN,
        target: { _tag: "Tcp", address: h.address, port: h.port },
        name: h.host,
        port: h.port,
        protocol: "SMTP",
        implicitTls: hop.implicitTls,
        level: hop.tls,
        names: plan.secure || h.host.endsWith(`.${domain}`) ? [h.host, domain] : [domain],
        srvIds: [`_${service}.${domain}`.toLowerCase()],
        dns: plan.secure ? h : null,
        daneNames: [domain],
      })),
    };
  },
);

const exchangers = Effect.fnUntraced(
  function* (
    hop: Extract<Remote, { readonly _tag: "Mx" }>,
    settings: RelaySettings,
  ): Effect.fn.Return<Hosts, never, Resolver> {
    const { domain, port } = hop;
    const { ownNames: names, isOurs, loopbackExchangers } = settings;
    const us = {
      names,
      isOurs: loopbackExchangers ? isOurs : (a: string) => isThisMachine(a) || isOurs(a),
    };
    const plan = yield* planMx(domain, us);
    if (plan._tag === "None") return plan;
    return {
      _tag: "Hosts",
      hosts: plan.hosts.map((h): Host => ({
        ...PLAIN,
        target: { _tag: "Tcp", address: h.address, port },
        name: h.host,
        port,
        protocol: "SMTP",
        level: hop.tls,
        names: [h.host],
        domain,
        stsDomain: domain,
        proven: plan.secure,
        dns: plan.secure ? h : null,
        daneNames: [domain, ...(plan.alias === null ? [] : [plan.alias])],
      })),
    };
  },
);
