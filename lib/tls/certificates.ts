/**
 * The Layer behind `Certificates`: reads the pairs, chooses by server name, and reads files again when they change.
 * Sessions keep what they began with; a broken or half-written pair is logged, and the old one stays in use.
 */
import { Clock, Duration, Effect, Layer, Schedule } from "effect";
import { Certificates, type TlsPolicy } from "../ports/certificates.ts";
import type { SecureContext } from "node:tls";
import { makeClientReader } from "./client_certificate.ts";
import { candidates } from "./names.ts";
import {
  type BadPair,
  loadAuthorities,
  loadPair,
  type Pair,
  type PairFiles,
  pairWarnings,
  type Stamp,
  stampOf,
} from "./pair.ts";

export interface CertificatesOptions {
  readonly default: PairFiles;
  /** More pairs; each serves the names that its certificate holds. */
  readonly sni: ReadonlyArray<PairFiles>;
  readonly policy: TlsPolicy;
  /** The name that clients know the server by: one that the default does not hold is told. */
  readonly hostname?: string;
  /** PEM file of the authorities that may vouch for clients; absent: clients are not asked. */
  readonly clientCa?: string | null;
  /** Time between looks at the files. */
  readonly every?: Duration.Duration;
}

interface Watched {
  readonly files: PairFiles;
  /** A name that the certificate should hold. */
  readonly hostname: string | null;
  pair: Pair;
  /** Of the files as last looked at, good or bad. */
  stamp: Stamp;
}

type Load = (files: PairFiles) => Effect.Effect<Pair, BadPair>;

/** Fails where a pair cannot be used at start. */
export const certificatesLayer = (o: CertificatesOptions): Layer.Layer<Certificates, BadPair> =>
  Layer.effect(
    Certificates,
    Effect.gen(function* () {
      const { clientCa = null } = o;
      const authorities = clientCa === null ? null : yield* loadAuthorities(clientCa);
      const endPoints = new WeakMap<SecureContext, Uint8Array | null>();
      const load = (files: PairFiles) =>
        Effect.tap(
          loadPair(files, o.policy, authorities),
          (pair) => Effect.sync(() => endPoints.set(pair.context, pair.endPoint)),
        );
      const first = yield* watch(o.default, o.hostname ?? null, load);
      const all = [first, ...(yield* Effect.forEach(o.sni, (files) => watch(files, null, load)))];
      let byName = index(all);
      const look = Effect.gen(function* () {
        for (const watched of all) yield* refresh(watched, load);
        byName = index(all);
      });
      yield* Effect.forkScoped(
        Effect.repeat(look, Schedule.spaced(o.every ?? Duration.seconds(3))).pipe(
          Effect.ignoreCause({ log: "Error" }),
        ),
      );
      return {
        contextFor: (serverName) => {
          for (const name of serverName === null ? [] : candidates(serverName)) {
            const found = byName.get(name);
            if (found !== undefined) return found.context;
          }
          return first.pair.context;
        },
        endPointOf: (context) => endPoints.get(context) ?? null,
        asksClients: clientCa !== null,
        clientOf: makeClientReader(),
      };
    }),
  );

/** Where two pairs have the same name, the default or the earlier one serves it. */
const index = (all: ReadonlyArray<Watched>): ReadonlyMap<string, Pair> => {
  const map = new Map<string, Pair>();
  for (const { pair } of all) {
    for (const name of pair.names) if (!map.has(name)) map.set(name, pair);
  }
  return map;
};

/** The stamp is taken first: what changes while it is read is read again. */
const watch = Effect.fnUntraced(function* (
  files: PairFiles,
  hostname: string | null,
  load: Load,
) {
  const stamp = yield* stampOf(files);
  const pair = yield* load(files);
  return { files, hostname, pair, stamp } satisfies Watched;
});

const refresh = Effect.fnUntraced(function* (watched: Watched, load: Load) {
  const stamp = yield* stampOf(watched.files);
  if (stamp.certificate === watched.stamp.certificate && stamp.key === watched.stamp.key) return;
  watched.stamp = stamp;
  yield* load(watched.files).pipe(
    Effect.matchEffect({
      onSuccess: Effect.fnUntraced(function* (pair: Pair) {
        watched.pair = pair;
        yield* Effect.logInfo("new certificate in use", { file: watched.files.certificate });
        yield* warnOf(pair, watched.hostname);
      }),
      onFailure: (bad) =>
        Effect.logError("changed certificate cannot be used, the old one stays", {
          file: bad.file,
          reason: bad.reason,
        }),
    }),
  );
});

/** The same words as before the start, where `config check` is asked. */
const warnOf = Effect.fnUntraced(function* (pair: Pair, hostname: string | null) {
  for (const reason of pairWarnings(pair, hostname, yield* Clock.currentTimeMillis)) {
    yield* Effect.logWarning(`certificate ${reason}`, { file: pair.files.certificate });
  }
});
