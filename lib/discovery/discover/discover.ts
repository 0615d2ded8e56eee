/**
 * Finds the mail services of an address or domain: all methods of equal standing at once, weaker ones only
 * where they are needed and no downgrade. docs/design/autodiscovery.md §9
 *
 * Sends no credentials and stores nothing: the caller keeps the result. SEC-2, SEC-3
 */
import { autoconfigMethod, httpMethod, ispdbMethod, localMethod, mxMethod } from "./autoconfig.ts";
import { type Candidate, Log, type MethodResult, NOTHING, together } from "./candidate.ts";
import { guessMethod } from "./guess.ts";
import { merge } from "./merge.ts";
import { paccMethod } from "./pacc.ts";
import type { DiscoverPorts, Lookup } from "./ports.ts";
import { poxMethod } from "./pox.ts";
import { probed } from "./probe_all.ts";
import { type Attempt, type DiscoverResult, type Method, RESULT_VERSION } from "./result.ts";
import { DEFAULT_METHODS, type DiscoverOptions, type Run } from "./run.ts";
import { srvMethod } from "./srv.ts";
import { parseSubject, type Subject } from "./subject.ts";
import { leftOpen, unansweredOf } from "./unanswered.ts";
import { complete, incomingOf, verdictOf } from "./verdict.ts";

const DEADLINE_MS = 20_000;
/** Once a method has found all that is needed, how long the better and equal ones may still add to it. */
const PATIENCE_MS = 1_500;

/** The text given to `discover` is no address and no domain. */
export class NotAnAddress extends Error {
  override readonly name = "NotAnAddress";
}

/** `text`: an address or a domain. Rejects with `NotAnAddress` only; everything else is in the result. */
export const discover = async (
  text: string,
  ports: DiscoverPorts,
  options: DiscoverOptions = {},
  onAttempt: (a: Attempt) => void = () => {},
): Promise<DiscoverResult> => {
  const subject = parseSubject(text);
  if (subject === null) {
    throw new NotAnAddress(`${JSON.stringify(text)} is no address and no domain`);
  }
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), options.deadlineMs ?? DEADLINE_MS);
  const log = new Log(ports.now, onAttempt);
  const signal = options.signal === undefined
    ? ended.signal
    : AbortSignal.any([ended.signal, options.signal]);
  const { lookup, ttl } = watched(ports.lookup);
  try {
    const found = await conclude({ subject, options, ports: { ...ports, lookup }, log, signal });
    return { ...found, ttl: ttl() };
  } finally {
    clearTimeout(timer);
    ended.abort(); // what nobody waits for any more
  }
};

/** A domain that does not exist has nothing to find. docs/design/autodiscovery.md §9.4 */
const exists = async (run: Run): Promise<"yes" | "no" | "unknown"> => {
  const end = run.log.begin("srv", run.subject.domain);
  const answer = await run.ports.lookup(run.subject.domain, "SOA");
  if (answer._tag === "NoSuchDomain") {
    end("domain-not-found");
    return "no";
  }
  if (answer._tag !== "Trouble") return "yes";
  end(answer.kind, answer.reason);
  return "unknown";
};

/** What is kept no longer than an hour, and nothing no longer than five minutes. docs/design/autodiscovery.md §9.8 */
const MAX_TTL = 3_600;
const NEGATIVE_TTL = 300;

/** Notes the shortest time for which an answer holds. */
const watched = (lookup: Lookup): { readonly lookup: Lookup; readonly ttl: () => number } => {
  let least = Infinity;
  return {
    lookup: async (name, type) => {
      const answer = await lookup(name, type);
      if (answer._tag === "Found") least = Math.min(least, answer.ttl);
      return answer;
    },
    ttl: () => least === Infinity ? NEGATIVE_TTL : Math.min(least, MAX_TTL),
  };
};

const conclude = async (run: Run): Promise<Omit<DiscoverResult, "ttl">> => {
  const { subject, options } = run;
  const local = options.local === undefined || options.local === null
    ? NOTHING
    : localMethod(run, options.local);
  const there = await exists(run);
  const found = there === "no" ? local : await all(run, local);
  const first = merge(found.candidates, subject, options);
  const services = options.probe === true ? await probed(run, first.services) : first.services;
  const unknown = found.unknown !== null || there === "unknown";
  return {
    version: RESULT_VERSION,
    email: subject.email,
    domain: subject.domain,
    verdict: verdictOf(services, unknown),
    provider: found.provider,
    incoming: incomingOf(services),
    services,
    absent: [...new Set(found.absent)],
    conflicts: first.conflicts,
    // what is missing may stand where nobody answered
    warnings: unknown && !complete(services)
      ? [...found.warnings, ...unansweredOf(run.log.attempts)]
      : found.warnings,
    attempts: run.log.attempts,
    storeUntil: "user-reconfigures",
  };
};

type Running = Promise<MethodResult>;

/** The methods of one stage. Each ends in a result, whatever happens. */
const START: Readonly<Partial<Record<Method, (run: Run) => Running>>> = {
  pacc: paccMethod,
  srv: srvMethod,
  autoconfig: autoconfigMethod,
  pox: poxMethod,
  mx: mxMethod,
  ispdb: ispdbMethod,
  http: httpMethod,
};

const wanted = (run: Run, methods: ReadonlyArray<Method>): ReadonlyArray<Method> => {
  const allowed = run.options.methods ?? DEFAULT_METHODS;
  return methods.filter((m) => allowed.includes(m));
};

/** Ends when all have ended, or a while after what is there is enough. */
const stage = async (run: Run, methods: ReadonlyArray<Method>): Running => {
  const todo = wanted(run, methods);
  const results = new Map<Method, MethodResult>();
  const done = () => todo.flatMap((m) => results.get(m) ?? []);
  const enough = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = () => enough.resolve();
  run.signal.addEventListener("abort", over, { once: true });
  const running = todo.map(async (m) => {
    results.set(m, await (START[m]?.(run) ?? NOTHING));
    if (timer === undefined && run.options.all !== true && isComplete(run, done())) {
      timer = setTimeout(over, PATIENCE_MS);
    }
  });
  await Promise.race([Promise.all(running), enough.promise]);
  clearTimeout(timer);
  run.signal.removeEventListener("abort", over);
  // who did not end in time is not known to have nothing
  const late = results.size < todo.length && !isComplete(run, done());
  return together([...done(), late ? { ...NOTHING, unknown: "http" } : NOTHING]);
};

const isComplete = (run: Run, results: ReadonlyArray<MethodResult>): boolean =>
  complete(merge(together(results).candidates, run.subject, run.options).services);

/** Stage by stage. After trouble with DNS nothing weaker is asked, after trouble with HTTP nothing in clear. docs/design/autodiscovery.md §9.5 */
const all = async (run: Run, local: MethodResult): Running => {
  const { options } = run;
  const results: Array<MethodResult> = [
    local,
    await stage(run, ["pacc", "srv", "autoconfig", "pox"]),
  ];
  const so = (): MethodResult => together(results);
  const needed = (): boolean => options.all === true || !isComplete(run, results);
  const blocked = (by: "dns" | "http"): boolean => {
    const { unknown } = so();
    return options.force !== true && (unknown === "dns" || (by === "http" && unknown === "http"));
  };
  if (needed()) await next(run, results, ["mx", "ispdb"], blocked("dns"));
  if (needed()) await next(run, results, ["http"], blocked("http"));
  const nothing = so().candidates.length === 0;
  if (nothing && wanted(run, ["guess"]).length > 0) {
    if (blocked("http")) skip(run, "guess");
    else results.push(await guessMethod(run, so().absent));
  }
  return so();
};

const next = async (
  run: Run,
  results: Array<MethodResult>,
  methods: ReadonlyArray<Method>,
  blocked: boolean,
): Promise<void> => {
  if (!blocked) results.push(await stage(run, methods));
  else for (const m of wanted(run, methods)) skip(run, m);
};

const skip = (run: Run, method: Method): void =>
  run.log.begin(method, run.subject.domain)(
    "skipped",
    "a more trusted source did not answer: this would be a downgrade (--force asks anyway)",
  );

/**
 * Discovers anew for somebody who is set up already: the protocol for reading mail stays what it is, even where
 * priorities have changed. RFC 6186 §4, SRV-12
 */
export const refresh = async (
  previous: DiscoverResult,
  ports: DiscoverPorts,
  options: DiscoverOptions = {},
): Promise<DiscoverResult> => {
  const result = await discover(previous.email ?? previous.domain, ports, options);
  const kept = previous.incoming;
  if (kept === null) return result;
  const other = kept === "imap" ? "pop3" : "imap";
  const services = result.services.filter((s) => s.kind !== other);
  return {
    ...result,
    services,
    incoming: incomingOf(services),
    verdict: verdictOf(services, result.verdict === "tempfail" || leftOpen(result.warnings)),
  };
};

export type { Candidate, Subject };
