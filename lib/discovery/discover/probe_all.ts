/**
 * Probes the servers that were found: TLS, names, capabilities, and which of them may be used.
 * docs/design/autodiscovery.md §9.7, SEC-1, SEC-8
 */
import { type Auth, labelOf } from "../service.ts";
import type { ProbeReport, ProbeState } from "./ports.ts";
import { ranked } from "./merge.ts";
import type { FoundService } from "./result.ts";
import type { Run } from "./run.ts";

/** Of each kind: the selected one and the next two. */
const MAX_PER_KIND = 3;
/** At once. */
const MAX_PARALLEL = 4;
const TIMEOUT_MS = 5_000;

/** Ports below 1024 that may be connected to: others belong to services that are not mail. docs/design/autodiscovery.md §9.7 */
const MAIL_PORTS: ReadonlySet<number> = new Set([110, 143, 443, 465, 587, 993, 995]);

/** A site may have its servers on any port that needs no privilege; never on 25. */
export const mayProbe = (port: number): boolean => port >= 1024 || MAIL_PORTS.has(port);

/** States in which a server can never be used, as opposed to not now. */
const UNFIT: Readonly<Partial<Record<ProbeState, string>>> = {
  "no-starttls": "no-tls",
  "expired": "certificate",
  "self-signed": "certificate",
  "name-mismatch": "certificate",
  "untrusted": "certificate",
  "injected": "injected",
  "tls-failed": "tls",
  "refused": "unreachable",
  "timeout": "unreachable",
  "no-address": "unreachable",
  "forbidden": "forbidden",
  "protocol": "protocol",
};

const MECHANISMS: ReadonlyArray<readonly [RegExp, Auth]> = [
  [/^(OAUTHBEARER|XOAUTH2)$/, "oauth2"],
  [/^(PLAIN|LOGIN)$/, "password"],
  [/^SCRAM-/, "scram"],
  [/^(CRAM-|DIGEST-)/, "encrypted"],
  [/^(GSSAPI|GS2-)/, "gssapi"],
  [/^EXTERNAL$/, "certificate"],
];

/** What a list of SASL mechanisms offers, in our words. */
export const authsOf = (mechanisms: ReadonlyArray<string>): ReadonlyArray<Auth> =>
  MECHANISMS.flatMap(([pattern, auth]) => mechanisms.some((m) => pattern.test(m)) ? [auth] : []);

const one = async (run: Run, s: FoundService): Promise<ProbeReport | null> => {
  const { kind } = s;
  if (kind !== "imap" && kind !== "pop3" && kind !== "submission" && kind !== "sieve") return null;
  if (!mayProbe(s.port)) return null; // nothing is known of it, which is not held against it
  const label = labelOf({ kind, security: s.tls })?.label.replace(/\._tcp$/, "");
  const bySrv = s.sources.some((x) => x.method === "srv");
  // the mail domain is a valid name for a server in its SRV record. RFC 7817 §3
  const names = bySrv ? [run.subject.domain] : [];
  return await run.ports.probe({
    protocol: kind,
    security: s.tls === "implicit" ? "implicit" : "starttls",
    host: s.host,
    port: s.port,
    names,
    srvIds: bySrv && label !== undefined ? [`${label}.${run.subject.domain}`] : [],
    timeoutMs: TIMEOUT_MS,
    signal: run.signal,
  });
};

const judged = (s: FoundService, probe: ProbeReport | null): FoundService => {
  if (probe === null) return s;
  const seen = authsOf(probe.mechanisms);
  return {
    ...s,
    probe,
    auth: s.auth.length === 0 ? seen : s.auth,
    rejected: s.rejected ?? UNFIT[probe.state] ?? null,
  };
};

/** Probes what may be used, and orders anew by what was seen. */
export const probed = async (
  run: Run,
  services: ReadonlyArray<FoundService>,
): Promise<ReadonlyArray<FoundService>> => {
  const out = [...services];
  const todo = services.flatMap((s, i) => s.rejected === null && s.rank < MAX_PER_KIND ? [i] : []);
  const worker = async (): Promise<void> => {
    for (let i = todo.shift(); i !== undefined; i = todo.shift()) {
      const s = services[i];
      if (s === undefined) continue;
      out[i] = judged(s, await one(run, s));
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL }, worker));
  return ranked(out);
};
