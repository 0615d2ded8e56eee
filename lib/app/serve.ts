/**
 * Runs the submission server of one configuration: wires the layers, and shows what arrives.
 *
 * The order of the scope is the order of the stop: listeners close first, sessions end, the relay finishes what runs,
 * and the spool gives its leases back last.
 */
import { Console, Duration, Effect, Layer } from "effect";
import { dirname, join } from "node:path";
import { failureMemory } from "../accounts/throttle/failure_memory.ts";
import { accountsLayer } from "../accounts/sqlite.ts";
import { throttleLayer } from "../accounts/throttle/throttle.ts";
import type { CheckReport } from "../config/read/check.ts";
import { type Config, printProblem } from "../config/config.ts";
import { resolverLayer } from "../dns/resolver.ts";
import { tokensLayer } from "../oauth/tokens.ts";
import { dialerLayer } from "../net/dialer.ts";
import { imapFetcher } from "../net/imap_fetch.ts";
import { sealOf } from "./seal_key.ts";
import { filtersOf } from "./filters_of.ts";
import { siteOf } from "./site_of.ts";
import { resolverSettings, retryCurveOf, signerOf } from "./settings.ts";
import { memoryLayer } from "../relay/hosts/hop_memory.ts";
import { longestDelay } from "../relay/retry.ts";
import { relaySettingsOf, reporterOf, rerouted, stsOf } from "./relay_settings.ts";
import { relayLayer } from "../relay/worker.ts";
import { Outbox } from "../ports/outbox.ts";
import { noFetcher } from "../ports/url_fetcher.ts";
import { noRecords } from "../ports/records.ts";
import { recordsLayer } from "../trace/records.ts";
import { replicatedLayer } from "../replica/replicated_spool.ts";
import { mechanismsOf } from "../sasl/all.ts";
import { ClientLog } from "../server/limits/client_log.ts";
import { idsLayer } from "../server/ids.ts";
import { holdsLayer } from "../accounts/usual/holds.ts";
import { Load } from "../server/limits/load.ts";
import { Quota } from "../server/limits/quota.ts";
import { type Listening, serveSubmissions } from "../server/server.ts";
import { SignedIn } from "../server/session/signed_in.ts";
import { noSpoolLayer } from "../spool/thread/none.ts";
import { spoolLayer } from "../spool/sqlite.ts";
import { type Policies, policyLayer } from "../stages/policy.ts";
import type { Signed } from "../stages/submission.ts";
import type { ListenFailed } from "../net/listener.ts";
import type { AccountsUnavailable } from "../ports/accounts.ts";
import type { RecordsFault } from "../ports/records.ts";
import type { SigningFault } from "../ports/signer.ts";
import type { SpoolFault } from "../ports/spool.ts";
import type { PolicyFileFault } from "../site/file_fault.ts";
import type { BadPair } from "../tls/pair.ts";
import type { Failure } from "./failure.ts";
import { serveDns, serveEndpoints, type ZoneFault } from "./serve_discovery.ts";
import { replicaSettingsOf, serveReplicas } from "./serve_replica.ts";
import { certificatesLayer } from "../tls/certificates.ts";
import { type Announcing, announcingOf, passedEvents } from "./announcing.ts";
import { logLayer } from "./log_layer.ts";

/** What {@link serve} is given. */
export interface ServeOptions {
  /** From `loadConfig`, or a changed copy of it. */
  readonly config: Config;
  /** Sender rights, routes, repairs, limits and TLS: `defaultPolicies`, or a copy with parts of one's own. */
  readonly policies: Policies;
  /** Called once the listeners are open, with the ports that were bound; the server goes on when it has succeeded. */
  readonly ready?: (listening: Listening) => Effect.Effect<void>;
  /**
   * Called for each message that was accepted, after it is on stable storage and before the client hears 250. It must
   * return at once and must not throw. Absent or null: nobody is called.
   */
  readonly onAccepted?: ((submission: Signed) => void) | null;
  /** What was found before the start; absent: nobody looked, and the notices of the configuration are logged. */
  readonly report?: Pick<CheckReport, "problems" | "warnings" | "notes" | "connections">;
  /** Whether messages that the spool has from before stay there until they are released; absent: they are sent. */
  readonly held?: boolean;
}

/** Why {@link serve} could not begin or go on: files that cannot be read, addresses that cannot be listened on. */
export type ServeFault =
  | AccountsUnavailable
  | BadPair
  | Failure
  | ListenFailed
  | PolicyFileFault
  | RecordsFault
  | SigningFault
  | SpoolFault
  | ZoneFault;

const ms = Duration.toMillis;

const fetcherOf = ({ burl }: Config) =>
  burl.length === 0
    ? noFetcher
    : imapFetcher({ servers: burl, connectMs: 10_000, silenceMs: 30_000, wholeMs: 300_000 });

/** Everything that a configuration asks for, save the listeners. */
const servicesOf = (
  config: Config,
  policies: Policies,
  load: Load,
  announcing: Announcing | null,
  held: boolean,
) => {
  const { limits, spool: { path } } = config;
  const listening = announcing === null ? {} : { listeners: announcing.listeners };
  /** What is kept over restarts, besides the spool. */
  const beside = (file: string) => path === null ? null : join(dirname(path), file);
  const spool = path === null
    ? noSpoolLayer(config.spool.memoryBytes, announcing?.listeners ?? null)
    : spoolLayer({
      path,
      keepDays: Duration.toDays(config.spool.keep),
      suppress: ms(config.queue.suppress),
      longestDelay: longestDelay(retryCurveOf(config.queue)),
      onceMs: ms(limits.resubmit),
      startHeld: held,
      ...listening,
    });
  const replica = replicaSettingsOf(config);
  const stored = Layer.merge(spool, dialerLayer);
  const base = Layer.mergeAll(
    replica === null ? stored : Layer.provideMerge(replicatedLayer(replica), stored),
    accountsLayer({ ...config.accounts, recheck: Duration.millis(100) }),
    throttleLayer({
      maxDelay: limits.authDelay,
      lockFailures: limits.authLockFailures,
      lock: limits.authLock,
    }).pipe(Layer.provide(failureMemory)),
    certificatesLayer({ ...config.tls, policy: policies.tls, hostname: config.hostname }),
    tokensLayer(config.auth.issuers),
    Layer.provideMerge(
      stsOf(config, beside("mta-sts.json")),
      resolverLayer(resolverSettings(config.dns)),
    ),
    fetcherOf(config),
    idsLayer,
    siteOf(config, true),
    filtersOf(config),
    Layer.unwrap(Effect.map(sealOf(config), (seal) => policyLayer(policies, config, seal))),
    memoryLayer,
  );
  const { records } = config;
  const recording = records.refusals || records.accepted
    ? recordsLayer({ ...records, keepMs: Duration.toMillis(records.keep) })
    : noRecords;
  const holding = Layer.provideMerge(holdsLayer(config.holds), base);
  const signing = Layer.provideMerge(signerOf(config, true), Layer.merge(holding, recording));
  const relay = relayLayer({
    ...relaySettingsOf(config, () => load.busy),
    rerouted: rerouted(config, policies),
  });
  // before the relay, which has something to tell to its end
  const telling = announcing === null ? signing : Layer.provideMerge(announcing.teller, signing);
  return Layer.provideMerge(
    Layer.provide(relay, reporterOf(config, beside("tls-notes.json"))),
    telling,
  );
};

/** The same words as `config check` has, which asked the same function. */
const tellFindings = ({ config, report }: ServeOptions): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const p of report?.problems ?? []) yield* Effect.logError(printProblem(p));
    for (const p of report?.warnings ?? []) yield* Effect.logWarning(printProblem(p));
    for (const p of report?.notes ?? config.notices) yield* Effect.logWarning(printProblem(p));
  });

/**
 * Runs the whole submission server of a configuration until it is interrupted: listeners, stages, spool, relay,
 * autodiscovery. An interruption closes the listeners, answers 421 to the idle, lets running ends of data and
 * deliveries finish, and gives leases back. RFC 5321 §3.8, RFC 6409
 *
 * Directories that the configuration names must be there. Log lines go to standard error as `[log]` says.
 */
export const serve = (o: ServeOptions): Effect.Effect<never, ServeFault> => {
  const { config } = o;
  const { limits } = config;
  const load = new Load();
  const announcing = announcingOf(config.events);
  return Effect.gen(function* () {
    const outbox = yield* Outbox;
    const drain = yield* serveDns(config);
    yield* serveReplicas(config);
    const listening = yield* serveSubmissions({
      hostname: config.hostname,
      within: limits.answer,
      quota: new Quota(limits),
      newRecipientsPerDay: limits.newRecipientsPerDay,
      clientLog: new ClientLog(config.log.linesPerClient),
      refusedLog: new ClientLog(config.log.linesPerClient),
      signedIn: new SignedIn(
        limits.connectionsPerAccount,
        config.routes.some((r) => r.passThrough?.login === true),
      ),
      load,
      withoutQueue: config.routes.some((r) => r.passThrough?.spool === false),
      onAccepted: o.onAccepted ?? null,
      onPassed: announcing === null ? null : (s, by) => outbox.add(passedEvents(s, by)),
      submission: config.listen.submission,
      submissions: config.listen.submissions,
      proxyFrom: config.listen.proxyFrom,
      xclientFrom: config.listen.xclientFrom,
      limits: {
        ...limits,
        connections: o.report?.connections ?? limits.connections,
        // without a spool, [spool] memory_mb bounds it
        ...config.spool.path === null ? { dataBytes: Infinity } : {},
      },
      domains: config.headers.domains,
      extensions: config.extensions,
      heldMessages: config.heldMessages,
      mechanisms: mechanismsOf(config.auth.mechanisms, config.auth.issuers[0] ?? null),
      grace: Duration.seconds(30),
    });
    yield* serveEndpoints(config);
    // newest first: before any listener closes, clients are led to other nodes
    yield* Effect.addFinalizer(() => drain);
    if (o.ready !== undefined) yield* o.ready(listening);
    return yield* Effect.never;
  }).pipe(
    Effect.scoped,
    Effect.provide(servicesOf(config, o.policies, load, announcing, o.held === true)),
    (server) => Effect.andThen(tellFindings(o), server),
    Effect.provide(logLayer(config)),
  );
};

/** The lines that say where it listens. */
export const announce = (hostname: string) => (listening: Listening): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const { host, port } of listening.submission) {
      yield* Console.log(`${hostname} listens on ${host}:${port} (submission, STARTTLS)`);
    }
    for (const { host, port } of listening.submissions) {
      yield* Console.log(`${hostname} listens on ${host}:${port} (submissions, TLS)`);
    }
  });
