/**
 * Walks the loop of a mail domain: what should be published, what is, over DNS and HTTP, whether the servers answer, and
 * what clients make of it. Changes nothing. Section 11
 */
import { Log } from "../discover/candidate.ts";
import { discover } from "../discover/discover.ts";
import type { DiscoverResult } from "../discover/result.ts";
import type { Run } from "../discover/run.ts";
import { expectedRecords } from "../expected.ts";
import type { Offer } from "../offer.ts";
import { urlOf } from "../service.ts";
import { PROFILES, simulate } from "./clients/simulate.ts";
import { checkDns } from "./dns.ts";
import { checkHttp } from "./http.ts";
import { checkServers } from "./connect.ts";
import type { CheckPorts } from "./ports.ts";
import { checkDelegated } from "./signed_parent.ts";
import { published } from "./published.ts";
import { CHECK_VERSION, type CheckReport, type Finding, sorted } from "./report.ts";
import { Zones } from "./zones.ts";

const DEADLINE_MS = 60_000;

export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** Zones that our own name server answers for. */
  readonly delegated?: ReadonlyArray<string>;
}

/** `expected` places against those that were found; order does not count. */
const roundTrip = (offer: Offer, r: DiscoverResult): Finding => {
  const expected = offer.services.map((s) => `${s.kind} ${urlOf(s) ?? `${s.host}:${s.port}`}`);
  const found = r.services.map((s) => `${s.kind} ${s.url ?? `${s.host}:${s.port}`}`);
  const mail = expected.filter((e) => /^(imap|pop3|submission) /.test(e));
  const missing = mail.filter((e) => !found.includes(e));
  const foreign = found.filter((f) => /^(imap|pop3|submission) /.test(f) && !expected.includes(f));
  const good = r.verdict === "ok" || r.verdict === "confirm" || r.verdict === "partial";
  const status = r.verdict === "tempfail"
    ? "unknown"
    : missing.length > 0 || !good
    ? "missing"
    : foreign.length > 0
    ? "extra"
    : "pass";
  const detail = missing.length > 0
    ? `not found: ${missing.join(", ")}`
    : foreign.length > 0
    ? `found, and not from here: ${foreign.join(", ")}`
    : good
    ? ""
    : `verdict ${r.verdict}`;
  return {
    station: "discover",
    key: "round-trip",
    subject: offer.domain,
    type: r.verdict,
    status,
    expected,
    found,
    detail,
  };
};

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
    const [dns, delegated, http, servers, found, seen] = await Promise.all([
      checkDns(offer.domain, records, ports, zones),
      checkDelegated(offer.domain, options.delegated ?? [], ports),
      checkHttp(run, offer),
      checkServers(offer, ports, signal),
      discover(offer.domain, ports, { signal, all: true }),
      published(run, offer.web),
    ]);
    return {
      version: CHECK_VERSION,
      domain: offer.domain,
      servers: await zones.all(),
      findings: sorted([...dns, ...delegated, ...http, ...servers, roundTrip(offer, found)]),
      clients: PROFILES.map((p) => simulate(p, seen, ports.draw)),
    };
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
};
