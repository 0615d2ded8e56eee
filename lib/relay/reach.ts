/**
 * From a next hop to a connection on which messages can be sent.
 *
 * Tries the hosts of a hop in their order, and each once more in clear where opportunistic TLS broke
 * in the handshake (RFC 7435 §3). Keeps no connections.
 */
import { Effect } from "effect";
import { Dialer } from "../ports/dialer.ts";
import type { NextHop, TlsLevel } from "../ports/routes.ts";
import type { Resolver } from "../ports/resolver.ts";
import type { Offer } from "../smtp/client/offer.ts";
import { ours, softened, type Verdict } from "../smtp/client/verdict.ts";
import type { Connection } from "./connection.ts";
import { planMx } from "./mx.ts";
import { open } from "./open.ts";
import { type Peer, Unusable } from "./peer.ts";
import type { HopAccess, RelaySettings } from "./settings.ts";
import type { Watch } from "./watch.ts";

/** What a connection is made for. `hop` is never a Maildir. */
export interface Destination {
  readonly hop: Exclude<NextHop, { readonly _tag: "Maildir" }>;
  readonly access: HopAccess;
  /** Verified TLS, and the promise of more of it behind the hop. RFC 8689 §4.2.1 */
  readonly mustHaveTls: boolean;
}

/** No host of the hop can be used. */
export interface Unreachable {
  readonly _tag: "Unreachable";
  readonly verdict: Verdict;
  readonly remote: string | null;
  /** Our credentials were not taken: nobody but the operator can help. */
  readonly alarm: boolean;
}

export interface Reached {
  readonly _tag: "Reached";
  readonly connection: Connection;
  readonly offer: Offer;
}

export type Reach = Effect.Effect<Reached | Unreachable, never, Dialer | Resolver>;

const protocolOf = (hop: Destination["hop"]): "SMTP" | "LMTP" =>
  hop._tag === "Lmtp" || hop._tag === "LmtpUnix" ? "LMTP" : "SMTP";

export const reach: (to: Destination, settings: RelaySettings, watch: Watch) => Reach = Effect
  .fnUntraced(function* (to, settings, watch) {
    const hosts = yield* hostsOf(to, settings);
    if (hosts._tag === "None") {
      return { _tag: "Unreachable" as const, verdict: hosts.verdict, remote: null, alarm: false };
    }
    let failed: Unusable | null = null;
    for (const peer of hosts.peers) {
      const r = promised(to, peer, yield* knock(peer, settings, watch));
      if (r._tag === "Reached") return r;
      if (failed === null || weight(r) >= weight(failed)) failed = r;
    }
    return unreachable(to.hop, failed);
  });

const NO_REQUIRETLS = ours(
  "permanent",
  "5.7.30",
  "Message requires TLS on all its way, which no host of the next hop promises",
);
const NO_TLS = ours(
  "permanent",
  "5.7.10",
  "Message requires TLS, and the next hop's is not there or not verified",
);

/** Every host is tried, and each that does not qualify is left without a word of the message. RFC 8689 §4.2.1 */
const promised = (to: Destination, peer: Peer, r: Reached | Unusable): Reached | Unusable => {
  if (!to.mustHaveTls) return r;
  if (r._tag === "Reached") {
    if (r.offer.requireTls) return r;
    r.connection.quit();
    return new Unusable({
      stage: "REQUIRETLS",
      verdict: NO_REQUIRETLS,
      remote: peer.host,
      handshake: false,
    });
  }
  return r.stage === "TLS"
    ? new Unusable({ stage: "REQUIRETLS", verdict: NO_TLS, remote: r.remote, handshake: false })
    : r;
};

/**
 * A host that refuses for good outlives in the report one that merely could not be reached; which in turn may
 * yet turn out to be one that qualifies.
 */
const weight = (e: Unusable): number => refusesForGood(e) ? 2 : e.stage === "REQUIRETLS" ? 0 : 1;

const refusesForGood = (e: Unusable): boolean =>
  e.stage === "greeting" && e.verdict.kind === "permanent";

/**
 * A 5yz greeting is final for a domain whose hosts all say so, since its owner chose them; a
 * configured hop that says so waits for the operator, who chose it. RFC 5321 §3.1, RFC 7504 §3
 */
const unreachable = (hop: Destination["hop"], e: Unusable | null): Unreachable => ({
  _tag: "Unreachable",
  verdict: e === null
    ? NO_HOST
    : e.stage === "REQUIRETLS" || (hop._tag === "Mx" && refusesForGood(e))
    ? e.verdict
    : softened(e.verdict),
  remote: e?.remote ?? null,
  alarm: e?.stage === "AUTH",
});

const NO_HOST: Verdict = {
  kind: "temporary",
  status: "4.4.4",
  text: "Next hop has no host",
  remote: false,
};

const hostsOf = Effect.fnUntraced(function* (to: Destination, settings: RelaySettings) {
  const { hop } = to;
  if (hop._tag !== "Mx") return { _tag: "Peers" as const, peers: [configured(to, hop, settings)] };
  const plan = yield* planMx(hop.domain, settings.ownNames);
  return plan._tag === "None" ? plan : {
    _tag: "Peers" as const,
    peers: plan.hosts.map(({ host, address }) =>
      peerOf(to, settings, { address, name: host, port: hop.port, level: hop.tls })
    ),
  };
});

const configured = (
  to: Destination,
  hop: Exclude<Destination["hop"], { readonly _tag: "Mx" }>,
  settings: RelaySettings,
): Peer => {
  if (hop._tag !== "LmtpUnix") {
    const { host, port, tls: level, implicitTls } = hop;
    return { ...peerOf(to, settings, { address: host, name: host, port, level }), implicitTls };
  }
  const peer = peerOf(to, settings, { address: "", name: hop.path, port: 0, level: "none" });
  return { ...peer, target: { _tag: "Unix", path: hop.path } };
};

const peerOf = (
  { hop, access, mustHaveTls }: Destination,
  settings: RelaySettings,
  host: {
    readonly address: string;
    readonly name: string;
    readonly port: number;
    readonly level: TlsLevel;
  },
): Peer => {
  // a login goes out under verified TLS or not at all. RFC 4954 §4, RFC 8314 §4
  const policy = access.credentials === null && !mustHaveTls ? host.level : "required";
  return {
    target: { _tag: "Tcp", address: host.address, port: host.port },
    host: host.name,
    implicitTls: false,
    session: {
      protocol: protocolOf(hop),
      hostname: settings.hostname,
      policy,
      credentials: access.credentials,
    },
    tls: {
      name: host.name,
      verify: policy === "required",
      ca: access.ca,
      timeoutMs: settings.patience.handshake,
    },
  };
};

/** One host, and once more in clear where TLS was only a wish and its handshake failed. */
const knock = Effect.fnUntraced(function* (peer: Peer, settings: RelaySettings, watch: Watch) {
  const dialer = yield* Dialer;
  const enter = (p: Peer) =>
    Effect.match(open(dialer, p, settings.patience, watch), {
      onSuccess: (o): Reached => ({ _tag: "Reached", ...o }),
      onFailure: (e): Unusable => e,
    });
  const first = yield* enter(peer);
  return first._tag === "Unusable" && first.handshake && !peer.implicitTls &&
      peer.session.policy === "opportunistic"
    ? yield* enter({ ...peer, session: { ...peer.session, policy: "none" } })
    : first;
});
