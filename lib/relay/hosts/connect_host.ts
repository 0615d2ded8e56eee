/** From one host, and the TLS it gets, to a connection on which messages can be sent. RFC 7435 §3, RFC 8461 §5 */
import { Effect } from "effect";
import { Dialer } from "../../ports/dialer.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import type { Connection } from "../session/connection.ts";
import type { Host, Remote } from "./hosts.ts";
import { open } from "../session/open.ts";
import type { Peer, Unusable } from "../session/peer.ts";
import type { Protection } from "./tls_policy.ts";
import type { HopAccess, RelaySettings } from "../settings.ts";
import type { Deadlines } from "../session/deadlines.ts";

/** What a connection is made for. */
export interface Destination {
  readonly hop: Remote;
  readonly access: HopAccess;
  /** Verified TLS, and the promise of more of it behind the hop. RFC 8689 §4.2.1 */
  readonly mustHaveTls: boolean;
  /** The sender would rather have it arrive than have it arrive under TLS. RFC 8689 §5 */
  readonly tlsOptional: boolean;
}

export interface Reached {
  readonly _tag: "Reached";
  readonly connection: Connection;
  readonly offer: Offer;
  /** More TLS was tried before, and failed. */
  readonly despite?: Unusable;
}

/** A host under a protection. */
const peerOf = (
  { access }: Destination,
  host: Host,
  p: Protection,
  settings: RelaySettings,
): Peer => ({
  target: host.target,
  host: host.name,
  why: p.why,
  implicitTls: host.implicitTls,
  session: {
    protocol: host.protocol,
    hostname: settings.hostname,
    policy: p.policy,
    credentials: access.credentials,
  },
  tls: {
    name: p.sni,
    names: p.names,
    verify: p.policy === "required",
    ...host.srvIds.length === 0 ? {} : { srvIds: host.srvIds },
    ...p.tlsa === null ? {} : { tlsa: p.tlsa },
    ca: access.ca,
    timeoutMs: settings.patience.handshake,
  },
});

/** One host; and again where the handshake failed and less will do: without trust, then in clear. */
export const connectHost = Effect.fnUntraced(function* (
  to: Destination,
  host: Host,
  protection: Protection,
  settings: RelaySettings,
  watch: Deadlines,
) {
  const dialer = yield* Dialer;
  const enter = (peer: Peer): Effect.Effect<Reached | Unusable> =>
    Effect.match(open(dialer, peer, settings.patience, watch), {
      onSuccess: (o): Reached => ({ _tag: "Reached", ...o }),
      onFailure: (e): Unusable => e,
    });
  let p = protection;
  let r = yield* enter(peerOf(to, host, p, settings));
  if (p.otherwise !== null && r._tag === "Unusable" && r.stage === "TLS") {
    const why = `${p.otherwise.why}; ${p.why} failed: ${r.verdict.text}`;
    p = { ...p.otherwise, why };
    r = withFault(yield* enter(peerOf(to, host, p, settings)), r);
  }
  if (r._tag === "Reached" || !r.handshake || host.implicitTls || p.policy !== "opportunistic") {
    return r;
  }
  const why = `in clear, since the handshake failed: ${r.verdict.text}`;
  return withFault(yield* enter(peerOf(to, host, { ...p, policy: "none", why }, settings)), r);
});

const withFault = (r: Reached | Unusable, despite: Unusable): Reached | Unusable =>
  r._tag === "Reached" ? { ...r, despite } : r;
