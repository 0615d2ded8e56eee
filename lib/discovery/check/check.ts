/**
 * Checks a mail domain as a whole: expected and published records over DNS and HTTP, whether the servers answer,
 * and the result for clients. Changes nothing. docs/design/autodiscovery.md §11
 */
import { Log } from "../discover/candidate.ts";
import { discover } from "../discover/discover.ts";
import type { DiscoverResult } from "../discover/result.ts";
import type { Run } from "../discover/run.ts";
import { expectedRecords } from "../expected.ts";
import { type Offer, within } from "../offer.ts";
import { urlOf } from "../service.ts";
import { PROFILES, simulate } from "./clients/simulate.ts";
import { checkDelegations } from "./delegations.ts";
import { checkDns } from "./dns.ts";
import { checkHttp } from "./http.ts";
import { checkServers } from "./connect.ts";
import { leftOver } from "./left_over.ts";
import type { CheckPorts } from "./ports.ts";
import { withRemedy } from "./remedy.ts";
import { checkDelegated } from "./signed_parent.ts";
import { published } from "./published.ts";
import { CHECK_VERSION, type CheckReport, type Finding, sorted } from "./report.ts";
import { Zones } from "./zones.ts";

const DEADLINE_MS = 60_000;

/** What `checkDomain` is to look at besides the usual. */
export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** Zones that our own name server answers for. */
  readonly delegated?: ReadonlyArray<string>;
  /** Names of the servers of these zones, as configured. */
  readonly ns?: ReadonlyArray<string>;
}

/** Sources that the domain itself publishes; others are asked only where these leave something open. docs/design/autodiscovery.md §9.2 */
const OWN_SOURCES: ReadonlySet<string> = new Set(["pacc", "srv", "autoconfig", "pox", "http"]);

/** `expected` places against those that were found; order does not count. */
const roundTrip = (offer: Offer, r: DiscoverResult): Finding => {
  const isMail = (place: string) => /^(imap|pop3|submission) /.test(place);
  const expected = offer.services.map((s) => `${s.kind} ${urlOf(s) ?? `${s.host}:${s.port}`}`);
  const places = r.services.map((s) => ({
    place: `${s.kind} ${s.url ?? `${s.host}:${s.port}`}`,
    own: s.sources.some((x) => OWN_SOURCES.has(x.method)),
  }));
  const found = places.map((p) => p.place);
  const missing = expected.filter((e) => isMail(e) && !found.includes(e));
  const foreign = places.filter((p) => p.own && isMail(p.place) && !expected.includes(p.place))
    .map((p) => p.place);
  const base = {
    station: "discover",
    key: "round-trip",
    subject: offer.domain,
    type: r.verdict,
    expected,
    found,
  } as const;
  if (missing.length > 0) {
    const status = r.verdict === "tempfail" ? "unknown" : "missing";
    return { ...base, status, detail: `not found: ${missing.join(", ")}` };
  }
  if (foreign.length > 0) {
    const detail = `found, and not from here: ${foreign.join(", ")}`;
    return { ...base, status: "extra", detail };
  }
  // all is there, whatever else did not answer
  return found.some(isMail) || !expected.some(isMail)
    ? { ...base, status: "pass", detail: "" }
    : { ...base, status: "missing", detail: `verdict ${r.verdict}` };
};

/**
 * Compares what an offer says with what the world sees: records, endpoints, certificates, servers. Never rejects;
 * what cannot be looked at is a finding.
 */
export const checkDomain = async (
  offer: Offer,
  ports: CheckPorts,
  options: CheckOptions = {},
): Promise<CheckReport> => {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), DEADLINE_MS);
  const signal = options.signal === undefined
    ? ended.signal
    : AbortSignal.any([ended.signal, options.signal]);
  const run: Run = {
    subject: { email: null, local: null, domain: offer.domain },
    options: {},
    ports,
    log: new Log(ports.now, () => {}),
    signal,
  };
  const zones = new Zones(ports);
  try {
    const records = await expectedRecords(offer);
    const own = {
      zones: (options.delegated ?? []).filter((z) => within(z, offer.domain)),
      ns: options.ns ?? [],
    };
    const [dns, delegated, left, http, servers, found, seen] = await Promise.all([
      checkDns(offer.domain, records, ports, zones),
      checkDelegated(offer.domain, own.zones, ports),
      leftOver(offer, records, ports),
      checkHttp(run, offer),
      checkServers(offer, ports, signal),
      discover(offer.domain, ports, { signal, all: true }),
      published(run, offer.web),
    ]);
    const places = await zones.all();
    const delegations = await checkDelegations(places, own, zones, ports);
    const all = [...dns, ...delegations, ...delegated, ...left, ...http, ...servers];
    return {
      version: CHECK_VERSION,
      domain: offer.domain,
      servers: places.flatMap((p) => [...p.views, ...p.dead.map((d) => d.view)])
        .filter((v) => v.address !== ""),
      findings: sorted([...all, roundTrip(offer, found)]).map((f) => withRemedy(f, offer)),
      clients: PROFILES.map((p) => simulate(p, seen, ports.draw)),
    };
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
};
