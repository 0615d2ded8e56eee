/**
 * From a next hop to a connection on which messages can be sent.
 *
 * Tries the hosts of a hop in their order, each with the TLS that the route, DANE, MTA-STS or the message asks for,
 * and once more with less where less is allowed (RFC 7435 §3, RFC 8461 §5). Hosts that recently did not answer come
 * last. Keeps no connections.
 */
import { Effect } from "effect";
import type { Contact, Tried } from "../../ports/attempt.ts";
import type { Dialer } from "../../ports/dialer.ts";
import type { Resolver } from "../../ports/resolver.ts";
import { StsPolicies, type StsPolicy } from "../../ports/sts_policies.ts";
import { TlsNotes } from "../../ports/tls_notes.ts";
import { ours, softened, type Verdict } from "../../smtp/client/verdict.ts";
import type { Dane } from "./dane.ts";
import { type Host, hostsOf, inTurn, milder, type Remote } from "./hosts.ts";
import { connectHost, type Destination, type Reached } from "./connect_host.ts";
import { Unusable } from "../session/peer.ts";
import { protect } from "./tls_evidence.ts";
import type { Barred } from "./tls_policy.ts";
import type { RelaySettings } from "../settings.ts";
import { noteOf } from "./tls_noted.ts";
import { SilentHosts } from "./silent_hosts.ts";
import type { Deadlines } from "../session/deadlines.ts";

/** No host of the hop can be used. */
export interface Unreachable {
  readonly _tag: "Unreachable";
  readonly verdict: Verdict;
  /** Null where there is no host. */
  readonly contact: Contact | null;
  /** All hosts that were tried, that one included. */
  readonly tried: ReadonlyArray<Tried>;
  /** Our credentials were not taken: nobody but the operator can help. */
  readonly alarm: boolean;
  /** It ended at our login, whether that was refused or not. */
  readonly atLogin: boolean;
}

/** `tried`: hosts before this one. */
export type ConnectHop = Effect.Effect<
  (Reached & { readonly tried: ReadonlyArray<Tried> }) | Unreachable,
  never,
  Dialer | Resolver
>;

export const connectHop: (
  to: Destination,
  settings: RelaySettings,
  watch: Deadlines,
  silent?: SilentHosts,
) => ConnectHop = Effect.fnUntraced(function* (to, settings, watch, silent = new SilentHosts()) {
  const none: Array<Verdict> = [];
  const tried: Array<Tried> = [];
  let failed: Unusable | null = null;
  const attempt = (hop: Remote, hosts: ReadonlyArray<Host>) =>
    newest(hop, anyOf(to, hosts, { settings, watch, silent, tried }));
  const spared: Array<{ readonly hop: Remote; readonly hosts: ReadonlyArray<Host> }> = [];
  // the hosts of a spare hop are looked up when its turn comes
  for (const hop of to.hop._tag === "Several" ? inTurn(to.hop) : [to.hop]) {
    const found = yield* hostsOf(hop, settings);
    if (found._tag === "None") {
      none.push(found.verdict);
      continue;
    }
    const late = found.hosts.filter((h) => silent.spared(h.target));
    if (late.length > 0) spared.push({ hop, hosts: late });
    const r = yield* attempt(hop, found.hosts.filter((h) => !late.includes(h)));
    if (r._tag === "Reached") return { ...r, tried };
    if (r._tag === "Unusable") failed = graver(failed, r);
  }
  // better than nothing
  for (const { hop, hosts } of spared) {
    const r = yield* attempt(hop, hosts);
    if (r._tag === "Reached") return { ...r, tried };
    if (r._tag === "Unusable") failed = graver(failed, r);
  }
  const verdict = milder(none);
  return failed === null && verdict !== null
    ? { _tag: "Unreachable" as const, verdict, contact: null, tried, alarm: false, atLogin: false }
    : unreachable(to.hop, failed, tried);
});

/** Before a failure of TLS counts, once more where the domain's policy has changed. RFC 8461 §5.1 */
const newest = Effect.fnUntraced(function* (hop: Remote, attempt: ReturnType<typeof anyOf>) {
  const r = yield* attempt;
  const again = r._tag === "Unusable" && r.stage === "TLS" && (yield* policyChanged(hop));
  return again ? yield* attempt : r;
});

/** Before a failure counts, a newer policy of the domain is looked for. RFC 8461 §5.1 */
const policyChanged = Effect.fnUntraced(function* (hop: Remote) {
  if (hop._tag !== "Mx") return false;
  const { find } = yield* StsPolicies;
  const before = yield* find(hop.domain);
  return before !== null && before !== (yield* find(hop.domain, true));
});

/** The first host that can be used, or the failure that says most. */
const anyOf = Effect.fnUntraced(
  function* (
    to: Destination,
    hosts: ReadonlyArray<Host>,
    { settings, watch, silent, tried }: {
      readonly settings: RelaySettings;
      readonly watch: Deadlines;
      readonly silent: SilentHosts;
      readonly tried: Array<Tried>;
    },
  ): Effect.fn.Return<Reached | Unusable | { readonly _tag: "NoHost" }, never, Dialer | Resolver> {
    let failed: Unusable | null = null;
    for (const host of hosts) {
      const { how, dane, sts } = yield* protect(to, host, settings);
      const came: Reached | Unusable = "of" in how
        ? barred(host, how)
        : yield* connectHost(to, host, how, settings, watch);
      silent.note(host.target, came._tag === "Reached" ? null : came);
      if (host.domain !== null && !to.tlsOptional) yield* take(host, dane, sts, came);
      const r = promised(to, host, came);
      if (r._tag === "Reached") return r;
      tried.push({ ...r.contact, why: r.verdict.text });
      failed = graver(failed, r);
    }
    return failed ?? { _tag: "NoHost" as const };
  },
);

/** Notes what came of it, where somebody takes notes. */
const take = Effect.fnUntraced(
  function* (host: Host, dane: Dane, sts: StsPolicy | null, came: Reached | Unusable) {
    const notes = yield* TlsNotes;
    if (notes === null) return;
    const reached = came._tag === "Reached";
    const note = noteOf({
      host,
      dane,
      sts,
      tls: reached ? came.connection.underTls : null,
      fault: reached ? came.despite ?? null : came,
    });
    if (note !== null) notes(note);
  },
);

const barred = (host: Host, { of, reason }: Barred): Unusable =>
  new Unusable({
    stage: of,
    verdict: of === "TLS"
      ? ours("temporary", "4.7.5", reason)
      : ours("permanent", "5.7.10", reason),
    contact: { host: host.name },
    handshake: false,
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
const promised = (to: Destination, host: Host, r: Reached | Unusable): Reached | Unusable => {
  if (!to.mustHaveTls) return r;
  if (r._tag === "Reached") {
    if (r.offer.requireTls) return r;
    r.connection.quit();
    return new Unusable({
      stage: "REQUIRETLS",
      verdict: NO_REQUIRETLS,
      contact: { host: host.name },
      handshake: false,
    });
  }
  return r.stage === "TLS"
    ? new Unusable({ stage: "REQUIRETLS", verdict: NO_TLS, contact: r.contact, handshake: false })
    : r;
};

/**
 * A host that came as far as our login outlives in the report what the others did: somebody can help there, or the hop
 * is there for others. Then comes one that refuses for good, then one that merely could not be reached; which in turn
 * may yet turn out to be one that qualifies.
 */
const weight = (e: Unusable): number =>
  e.stage === "AUTH"
    ? refusesLogin(e) ? 4 : 3
    : refusesForGood(e)
    ? 2
    : e.stage === "REQUIRETLS"
    ? 0
    : 1;

const graver = (a: Unusable | null, b: Unusable): Unusable =>
  a === null || weight(b) >= weight(a) ? b : a;

/** Not so one that is lost while it thinks about it, which is no word on the login. RFC 3463 §3.5, §3.8 */
const refusesLogin = (e: Unusable): boolean =>
  e.stage === "AUTH" && e.verdict.status.startsWith("4.7.");

const refusesForGood = (e: Unusable): boolean =>
  e.stage === "greeting" && e.verdict.kind === "permanent";

/**
 * A 5yz greeting is final for a domain whose hosts all say so, since its owner chose them; a
 * configured hop that says so waits for the operator, who chose it. RFC 5321 §3.1, RFC 7504 §3
 */
const unreachable = (
  hop: Destination["hop"],
  e: Unusable | null,
  tried: ReadonlyArray<Tried>,
): Unreachable => ({
  _tag: "Unreachable",
  verdict: e === null
    ? NO_HOST
    : e.stage === "REQUIRETLS" || (hop._tag === "Mx" && refusesForGood(e))
    ? e.verdict
    : softened(e.verdict),
  contact: e?.contact ?? null,
  tried,
  alarm: e !== null && refusesLogin(e),
  atLogin: e?.stage === "AUTH",
});

const NO_HOST: Verdict = {
  kind: "temporary",
  status: "4.4.4",
  text: "Next hop has no host",
  remote: false,
};
