/** `postern publish --update`: compares with what the name server has, shows the difference, sends it. */
import { Data, Effect } from "effect";
import { parseSocketAddress } from "../../config/values/address.ts";
import { loadTsigKey } from "../../config/values/tsig_key.ts";
import {
  type Change,
  type LiveSet,
  type Plan,
  planChanges,
  unseenChange,
} from "../../discovery/plan.ts";
import { absolute, printData } from "../../discovery/publish/presentation.ts";
import { type ExpectedRecord, recordSets, type RecordType } from "../../discovery/record.ts";
import { NameServer, NameServerFault } from "../../dns/update/client.ts";
import type { TsigKey } from "../../dns/update/tsig.ts";
import { failed, Failure, misused } from "../../app/failure.ts";
import { placeOf } from "../../app/config_file.ts";
import { print, remark } from "../terminal.ts";

export interface UpdateRequest {
  readonly server: string;
  readonly keyFile: string | null;
  readonly dryRun: boolean;
  readonly domain: string;
  /** Null: as the server says. */
  readonly zone: string | null;
  readonly records: ReadonlyArray<ExpectedRecord>;
}

const TIMEOUT_MS = 10_000;
/** How often the zone may change under our hands. */
const ATTEMPTS = 3;
/** How long the server may take until it answers with what it took. */
const SETTLE_MS = 10_000;

class Trouble extends Data.TaggedError("Trouble")<{ readonly message: string }> {}

const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, Trouble> =>
  Effect.tryPromise({
    try: work,
    catch: (e) =>
      new Trouble({ message: e instanceof NameServerFault ? e.message : `name server: ${e}` }),
  });

export const updateZone = (r: UpdateRequest): Effect.Effect<void, Failure> =>
  Effect.gen(function* () {
    const at = parseSocketAddress(r.server, 53);
    if (at === null) {
      return yield* misused(`--update ${JSON.stringify(r.server)}: must be a host or host:port`);
    }
    if (r.keyFile === null && !r.dryRun) {
      return yield* misused("--update needs --tsig KEYFILE; --dry-run shows what differs without");
    }
    const key = r.keyFile === null ? null : yield* keyOf(r.keyFile);
    const server = yield* Effect.acquireRelease(
      attempt(() => NameServer.open(at.host, at.port, TIMEOUT_MS)),
      (s) => Effect.sync(() => s.close()),
    );
    const zone = yield* attempt(() => server.zoneOf(r.zone ?? r.domain));
    const place: Place = { server, zone, key, records: r.records };
    let plan = yield* look(place);
    yield* show(zone, plan);
    if (!r.dryRun && key !== null && plan.changes.length > 0) {
      for (let n = 1;; n++) {
        const outcome = yield* attempt(() => server.update(zone, plan.changes, key));
        if (outcome._tag === "Done") break;
        if (n === ATTEMPTS) return yield* failed(`${r.server}: ${outcome.reason}`);
        yield* remark(`postern: ${outcome.reason}; looking again`);
        plan = yield* look(place);
      }
      yield* settled(place, r.server);
      yield* print(`${r.server} has taken it`);
    }
    if (plan.conflicts.length > 0) return yield* new Failure({ lines: [], exitCode: 1 });
  }).pipe(
    Effect.scoped,
    Effect.mapError((e) => e instanceof Failure ? e : failed(e.message)),
  );

const keyOf = Effect.fnUntraced(function* (file: string) {
  const path = yield* placeOf(file);
  const read = yield* Effect.promise(() => loadTsigKey(path));
  return "key" in read ? read.key : yield* misused(`${path}: ${read.fault}`);
});

/** Types that would be in the way of an alias. */
const BESIDE: ReadonlyArray<RecordType> = ["A", "AAAA", "MX", "TXT", "SRV"];

/** A zone on a server, and what is to stand in it. */
interface Place {
  readonly server: NameServer;
  readonly zone: string;
  /** Null: nothing is sent, and what only a signed question tells is not known. */
  readonly key: TsigKey | null;
  readonly records: ReadonlyArray<ExpectedRecord>;
}

const look = Effect.fnUntraced(function* (p: Place) {
  const types = new Map<string, Set<RecordType>>();
  for (const r of p.records) {
    if (r.need === "hint") continue;
    const set = types.get(r.owner) ?? new Set();
    set.add(r.data.type);
    if (r.data.type === "CNAME") BESIDE.forEach((t) => set.add(t));
    types.set(r.owner, set);
  }
  const live: Array<LiveSet> = [];
  const elsewhere: Array<string> = [];
  const hidden: Array<string> = [];
  for (const [owner, wanted] of types) {
    const at = yield* attempt(() => p.server.setsAt(p.zone, owner, [...wanted]));
    if (at._tag === "Sets") live.push(...at.sets);
    else (at._tag === "Hidden" ? hidden : elsewhere).push(owner);
  }
  const plan = planChanges(
    p.records.filter((r) => !elsewhere.includes(r.owner) && !hidden.includes(r.owner)),
    live,
  );
  return {
    ...plan,
    changes: [...plan.changes, ...yield* unseen(p, hidden)],
    conflicts: [
      ...plan.conflicts,
      ...elsewhere.map((o) => `${o}: is in a zone of its own; publish that with --zone`),
    ],
  } satisfies Plan;
});

/** Delegations of zones that the server holds too: queries are answered from there, so that a condition is the question. */
const unseen = Effect.fnUntraced(function* (p: Place, owners: ReadonlyArray<string>) {
  const { key } = p;
  const changes: Array<Change> = [];
  for (const set of recordSets(p.records.filter((r) => owners.includes(r.owner)))) {
    if (key === null) {
      yield* remark(
        `postern: ${set.owner}: the server holds this zone as well and answers from it; ` +
          "with --tsig the delegation is looked at too",
      );
    } else if (!(yield* attempt(() => p.server.holds(p.zone, set, key)))) {
      changes.push(unseenChange(set));
    }
  }
  return changes;
});

/** Looks until nothing is missing any more. DU-6 */
const settled = Effect.fnUntraced(function* (place: Place, name: string) {
  for (let waited = 0;; waited += 200) {
    const left = yield* look(place);
    if (left.changes.every((c) => c.add.length === 0)) return;
    if (waited >= SETTLE_MS) {
      return yield* failed(
        `${name} took the update, and still differs at ${
          left.changes.map((c) => `${c.owner} ${c.type}`).join(", ")
        }`,
      );
    }
    yield* Effect.sleep(200);
  }
});

/** What is only said again, because of the TTL, is told by that alone. */
const lines = (c: Change): ReadonlyArray<string> => {
  const name = `${absolute(c.owner)} ${c.type}`;
  const removed = c.remove.map((v) => printData(v.data));
  const added = c.add.map(printData);
  return [
    ...c.oldTtl === undefined ? [] : [`~ ${name}: TTL ${c.oldTtl} becomes ${c.ttl}`],
    ...removed.filter((d) => !added.includes(d)).map((d) => `- ${name} ${d}`),
    ...added.filter((d) => !removed.includes(d)).map((d) =>
      `+ ${absolute(c.owner)} ${c.ttl} ${c.type} ${d}`
    ),
  ];
};

const show = Effect.fnUntraced(function* (zone: string, plan: Plan) {
  const { changes, kept, conflicts } = plan;
  yield* print(
    changes.length === 0 ? `zone ${zone}: nothing differs` : `zone ${zone}:`,
    ...changes.flatMap(lines),
  );
  for (const set of kept) {
    yield* remark(`postern: ${set.owner} ${set.type}: ${set.values.length} of others stay`);
  }
  for (const conflict of conflicts) yield* remark(`postern: ${conflict}`);
});
