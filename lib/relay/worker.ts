/**
 * The relay: takes due messages from the spool, sends them to the next hops, records the results. RFC 5321 §4.5.4.1
 *
 * Jobs wait by next hop; a hop has a few connections that carry many messages each. Results are
 * recorded before the next attempt, many in one commit.
 */
import { Clock, Duration, Effect, Layer, Option } from "effect";
import { Bag } from "../message/bag.ts";
import type { Accounts } from "../ports/accounts.ts";
import type { Dialer } from "../ports/dialer.ts";
import { type HandedOver, HandOver, type Passing } from "../ports/hand_over.ts";
import type { Ids } from "../ports/ids.ts";
import type { Resolver } from "../ports/resolver.ts";
import type { Routes } from "../ports/routes.ts";
import { type Delivery, Spool } from "../ports/spool.ts";
import { SpoolState } from "../ports/spool_state.ts";
import { ours } from "../smtp/client/verdict.ts";
import { PassThroughClient, toldOf } from "./job/pass_through_client.ts";
import { awaitedJob } from "./job/pass_through_job.ts";
import { Background } from "./record/background.ts";
import { ClockJumps } from "./record/clock_jumps.ts";
import { Delivered, plain } from "./record/delivered.ts";
import { Events } from "./record/events.ts";
import { notAuthorized } from "./job/still_authorized.ts";
import { alike, type Job, sort, withRecipients } from "./job/job.ts";
import { lane } from "./lane/lane.ts";
import type { RelayState } from "./lane/relay_state.ts";
import type { Result } from "./job/outcome.ts";
import { Pool } from "./lane/pool.ts";
import type { RelaySettings } from "./settings.ts";
import { settler } from "./record/settle.ts";
import { SentAhead } from "./lane/ahead.ts";
import { SilentHosts } from "./hosts/silent_hosts.ts";
import { Deadlines } from "./session/deadlines.ts";

type Needs = Accounts | Spool | Routes | Resolver | Dialer | Ids;

/** Deliveries asked of the spool at a time. */
const BATCH = 200;
/** How late a time-out may be noticed. */
const WATCH_MS = 250;
/** How long a full window may stand still before silent hops give way. */
const STUCK = Duration.seconds(30);
/** How often the relay shows that it was not frozen. */
const BEAT = Duration.minutes(1);
/** How long a goodbye to the next hops may take. */
const FAREWELL_MS = 1_000;

const NOT_RELEASED = ours("permanent", "5.7.0", "Held for a check, and not released in time");

/** Share of the window that is kept for hops which do not fill it already, so that a slow one starves nobody. */
const RESERVE = 0.25;
/** How often such a hop is looked for while the rest is full. */
const GLANCE_MS = 250;
const NOBODY: ReadonlyArray<string> = [];

const BUSY = ours("temporary", "4.4.5", "Next hop is too slow for what waits for it");

/** Runs the relay as long as the scope is open; it hands over what clients wait for, besides. */
export const relayLayer = (settings: RelaySettings): Layer.Layer<never, never, Needs> =>
  Layer.effect(
    HandOver,
    Effect.gen(function* () {
      const relay = yield* make(settings);
      yield* Effect.addFinalizer(() => relay.stop);
      yield* Effect.forkScoped(relay.intake);
      yield* Effect.forkScoped(relay.beats);
      return { pass: relay.pass };
    }),
  );

const make = Effect.fnUntraced(function* (settings: RelaySettings) {
  const spool = yield* Spool;
  const background = new Background(yield* Effect.context<Needs>());
  const inBackground = (effect: Effect.Effect<void, never, Needs>): void => background.run(effect);
  const events = new Events(inBackground);
  const jumps = yield* watchedClock;
  const settle = settler(
    settings,
    (e) => Effect.sync(() => events.add(e)),
    jumps,
  );
  const watch = new Deadlines(Math.min(WATCH_MS, settings.patience.idle));
  const inHand = new Bag<Job>();
  const room = new Room(settings.window);

  const record = (
    job: Pick<Job, "delivery"> & { readonly route: Job["route"] | null },
    results: ReadonlyArray<Result>,
  ) => {
    // held until it is recorded, and for longer by what the collector takes its time with: not with the content
    const bare = { ...job, delivery: { ...job.delivery, content: null } };
    inBackground(Effect.ensuring(settle(bare, results), Effect.sync(() => room.leave())));
  };
  const delivered = new Delivered({
    spool,
    run: inBackground,
    tell: (e) => events.add(e),
    over: () => room.leave(),
    again: record,
  });
  const finish = (job: Job, results: ReadonlyArray<Result>): void => {
    inHand.delete(job);
    if (job.awaited !== undefined) toldOf(job.awaited, results);
    else if (plain(results)) delivered.add(job, results);
    else record(job, results);
  };
  const finishPart = (job: Job, results: ReadonlyArray<Result>): void => {
    room.enter();
    record(job, results);
  };
  const calledBack = ({ delivery }: Job): boolean => delivery.recipients.some(spool.withdrawn);
  /** What an operator has taken out of our hands is not begun. */
  const stillOurs = (job: Job): Job | null => {
    if (job.awaited !== undefined) return job.awaited.over ? null : job;
    const { delivery } = job;
    if (!calledBack(job)) return job;
    const gone = delivery.recipients.filter(spool.withdrawn);
    const left = delivery.recipients.filter((r) => !gone.includes(r));
    inBackground(Effect.ignore(spool.giveBack({ ...delivery, recipients: gone })));
    if (left.length > 0) return withRecipients(job, left);
    room.leave();
    return null;
  };
  const pool: Pool = new Pool(settings, (hop, held) => inBackground(lane(relay, hop, held)));
  const silent = new SilentHosts();
  const ahead = new SentAhead();
  const relay: RelayState = {
    settings,
    pool,
    watch,
    silent,
    ahead,
    inHand,
    calledBack,
    stillOurs,
    finish,
    finishPart,
  };

  /** Once taken, every recipient is either a job or settled: nothing may come between. */
  const admit = Effect.fnUntraced(function* (delivery: Delivery) {
    if (delivery.overdue === true) {
      room.enter();
      const results = delivery.recipients.map((recipient) => ({
        recipient,
        verdict: NOT_RELEASED,
        contact: null,
      }));
      return record({ delivery, route: null }, results);
    }
    const { jobs, stranded } = yield* sort(delivery, settings);
    if (stranded.length > 0) {
      room.enter();
      record({ delivery, route: null }, stranded);
    }
    const barred = yield* notAuthorized(delivery);
    const now = performance.now();
    for (const job of jobs) {
      room.enter();
      if (barred !== null) {
        finish(job, alike(job, barred, null));
        continue;
      }
      const refused = pool.add(job, now);
      if (refused === "stalled") finish(job, alike(job, BUSY, null));
      else if (refused !== null) finish(job, alike(job, refused.verdict, refused.contact));
    }
  });

  const shed = Effect.sync(() => {
    for (const job of pool.shed(performance.now())) finish(job, alike(job, BUSY, null));
  });

  const reserve = Math.floor(settings.window * RESERVE);
  let glanced = -Infinity;
  const roomAgain: Effect.Effect<void> = Effect.suspend(() =>
    room.left > reserve ? Effect.void : Effect.flatMap(room.some, () => roomAgain)
  );

  const intake = Effect.forever(Effect.gen(function* () {
    if (room.left <= 0) {
      const freed = yield* Effect.timeoutOption(room.some, STUCK);
      if (freed._tag === "None") yield* shed;
      return;
    }
    const scarce = room.left <= reserve;
    const crowded = scarce ? pool.crowded(settings.window / 16) : NOBODY;
    if (crowded.length > 0) {
      const wait = glanced + GLANCE_MS - performance.now();
      if (wait > 0) {
        return yield* Effect.asVoid(Effect.timeoutOption(roomAgain, Duration.millis(wait)));
      }
      glanced = performance.now();
    }
    const take = crowded.length === 0
      ? spool.take(Math.min(scarce ? room.left : room.left - reserve, BATCH))
      : spool.take(Math.min(room.left, BATCH), crowded);
    yield* Effect.matchEffect(take, {
      onSuccess: (batch) => Effect.uninterruptible(Effect.forEach(batch, admit, { discard: true })),
      onFailure: (fault) =>
        Effect.andThen(
          Effect.logError("The spool gives no work", { fault: fault._tag, cause: fault.cause }),
          Effect.sleep("1 second"),
        ),
    });
  }));

  const giveBack = (jobs: ReadonlyArray<Job>) =>
    Effect.forEach(
      jobs,
      ({ delivery, awaited }) =>
        awaited === undefined
          ? Effect.ignore(spool.giveBack(delivery))
          : Effect.sync(() => awaited.stop()),
      { concurrency: 16, discard: true },
    );

  /** Ends running transactions within the grace, gives back what has not begun. RFC 5321 §3.8 */
  const stop = Effect.gen(function* () {
    yield* giveBack(pool.close());
    yield* Effect.timeoutOption(background.empty, Duration.millis(settings.graceMs));
    yield* delivered.flush;
    const late = [...inHand];
    yield* background.stop;
    yield* giveBack([...late, ...pool.close()]);
    for (let waited = 0; watch.size > 0 && waited < FAREWELL_MS; waited += 20) {
      yield* Effect.sleep("20 millis");
    }
    watch.expireAll();
    yield* events.flush;
  });

  const pass = passing(settings, pool, watch);

  const beats = Effect.forever(
    Effect.andThen(Effect.map(Clock.currentTimeMillis, jumps.beat), Effect.sleep(BEAT)),
  );

  return { intake, stop, pass, beats };
});

/** Hands a message over as a job of its own, which the pool treats like any other. */
const passing = (settings: RelaySettings, pool: Pool, watch: Deadlines) => (p: Passing) =>
  Effect.callback<HandedOver>((resume) => {
    const awaited: PassThroughClient = new PassThroughClient(
      p,
      performance.now() + settings.passMs,
      (h) => {
        watch.remove(awaited);
        resume(Effect.succeed(h));
      },
    );
    if (pool.closing) return awaited.stop();
    watch.add(awaited);
    const job = awaitedJob(p, settings.access(p.route), awaited);
    const no = pool.add(job, performance.now());
    if (no !== null) {
      const { verdict, contact } = no === "stalled" ? { verdict: BUSY, contact: null } : no;
      toldOf(awaited, alike(job, verdict, contact));
    }
    return Effect.sync(() => awaited.expire());
  });

/** Knows of jumps from the start on, and of the time before it, whether or not there is mail. */
const watchedClock = Effect.gen(function* () {
  const jumps = new ClockJumps();
  jumps.recent(yield* Clock.currentTimeMillis);
  const state = yield* Effect.serviceOption(SpoolState);
  const ago = Option.isSome(state) ? state.value.sinceDownMs : null;
  if (ago !== null) jumps.wasDown(ago);
  return jumps;
});

/** How many more jobs the relay may hold. */
class Room {
  readonly #size: number;
  #taken = 0;
  #waiting: (() => void) | null = null;

  constructor(size: number) {
    this.#size = size;
  }

  get left(): number {
    return this.#size - this.#taken;
  }

  enter(): void {
    this.#taken++;
  }

  leave(): void {
    this.#taken--;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  /** Done when something left. */
  readonly some: Effect.Effect<void> = Effect.callback((resume) => {
    this.#waiting = () => resume(Effect.void);
    return Effect.sync(() => {
      this.#waiting = null;
    });
  });
}
