/**
 * A lane: works the jobs of one hop off over one connection, until there are none. RFC 5321 §4.5.4.1
 *
 * Does not wait for results to be recorded: several are under way at a time, so that one commit
 * carries them.
 */
import { Clock, Effect } from "effect";
import type { Dialer } from "../ports/dialer.ts";
import type { Resolver } from "../ports/resolver.ts";
import { Spool } from "../ports/spool.ts";
import { ours, softened } from "../smtp/client/verdict.ts";
import { type Connection, type Transacted, UNFIT } from "./connection.ts";
import { type Content, prepare, type Prepared, prepareHeld } from "./content.ts";
import { alike, type Job, mailOf, returnPathOf, withRecipients } from "./job.ts";
import { deliverToMaildir } from "./maildir.ts";
import type { Result } from "./outcome.ts";
import type { Held, Hop, Pool } from "./pool.ts";
import { reach } from "./reach.ts";
import type { RelaySettings } from "./settings.ts";
import type { Watch } from "./watch.ts";

export interface Yard {
  readonly settings: RelaySettings;
  readonly pool: Pool;
  readonly watch: Watch;
  /** Jobs that a lane has in hand. */
  readonly inHand: Set<Job>;
  /** Records results, in the background. Each job is finished exactly once. */
  readonly finish: (job: Job, results: ReadonlyArray<Result>) => void;
  /** Records the results of some recipients of a job that goes on. */
  readonly finishPart: (job: Job, results: ReadonlyArray<Result>) => void;
}

/**
 * Between two messages while sessions are busy, so that each hop still gets up to 200 a second: what was
 * accepted is safe and can wait, the person whose mail program shows a progress bar cannot.
 */
const BREATH = Effect.sleep("5 millis");

const UNREADABLE = ours("temporary", "4.3.0", "Message cannot be read from the spool now");

export type Lane = Effect.Effect<void, never, Spool | Dialer | Resolver>;

/** `held`: a connection to begin with. Leaves the pool in order whatever happens. */
export const lane = (yard: Yard, hop: Hop, held: Held | null): Lane => {
  let live = held;
  const work = Effect.gen(function* () {
    for (let job = next(yard, hop); job !== null; job = next(yard, hop)) {
      if (yard.settings.yields()) yield* BREATH;
      if (job.route.hop._tag === "Maildir") {
        yield* intoMaildir(yard, job, job.route.hop.path);
        continue;
      }
      live = spent(yard.settings, live) ? null : live;
      live ??= yield* connect(yard, hop, job);
      if (live === null) return;
      yield* transmit(yard, hop, job, live);
    }
  });
  return Effect.ensuring(
    work,
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Effect.sync(() => yard.pool.leave(hop, live, now)),
    ),
  );
};

/** The next job; null where there is none, or where this lane makes room for the accepting side. */
const next = (yard: Yard, hop: Hop): Job | null => {
  if (hop.jobs.length === 0 || yard.pool.narrows(hop)) return null;
  const job = hop.jobs.shift();
  if (job === undefined) return null;
  yard.inHand.add(job);
  return job;
};

/** Back to the front of the queue. */
const putBack = (yard: Yard, hop: Hop, job: Job, as: Job): void => {
  yard.inHand.delete(job);
  hop.jobs.unshift(as);
};

/** Carries no more messages: closed, or used as often as either side wants. RFC 9422 §4.2 */
const spent = (settings: RelaySettings, held: Held | null): boolean => {
  if (held === null) return false;
  if (worn(settings, held)) held.connection.quit();
  return !held.connection.ready;
};

const worn = (settings: RelaySettings, { connection, mailMax }: Held): boolean =>
  connection.used >= Math.min(settings.messagesPerConnection, mailMax);

/** A new connection; null: there is none, and the job waits for another lane or was put off. */
const connect = Effect.fnUntraced(function* (yard: Yard, hop: Hop, job: Job) {
  const { hop: to } = job.route;
  if (to._tag === "Maildir") return null;
  const r = yield* reach({ hop: to, access: job.access }, yard.settings, yard.watch);
  const now = yield* Clock.currentTimeMillis;
  if (r._tag === "Reached") {
    yard.pool.reached(hop, now);
    return { connection: r.connection, mailMax: r.offer.mailMax ?? Infinity };
  }
  putBack(yard, hop, job, job);
  if (r.alarm) {
    yield* Effect.logError("The next hop does not take our login", {
      hop: hop.key,
      reply: r.verdict.text,
    });
  }
  for (const put of yard.pool.unreachable(hop, r, now)) {
    yard.finish(put, alike(put, r.verdict, r.remote));
  }
  return null;
});

/** The content; null where the spool cannot give it. */
const read: (job: Job) => Effect.Effect<Prepared | null, never, Spool> = Effect.fnUntraced(
  function* (job) {
    const { message, envelope, content } = job.delivery;
    const held = content === null ? null : prepareHeld(content, envelope.smtpUtf8);
    if (held !== null) return held;
    const chunks = yield* (yield* Spool).read(message);
    return yield* Effect.tryPromise(() => prepare(chunks, envelope.smtpUtf8));
  },
  (effect, job) =>
    Effect.catch(effect, (fault) =>
      Effect.as(
        Effect.logError("A message cannot be read", { message: job.delivery.message, fault }),
        null,
      )),
);

/** One message after the other over a connection, each behind the content of the one before. RFC 2920 §3.1 */
const transmit = Effect.fnUntraced(
  function* (yard: Yard, hop: Hop, first: Job, held: Held) {
    let current = yield* begin(yard, hop, first, held);
    while (current !== null) {
      const following: Sending | null = yield* prefetch(yard, hop, held);
      const t: Transacted = yield* current.over;
      yard.pool.reached(hop, yield* Clock.currentTimeMillis);
      const { job } = current;
      // the hop had closed a connection that we kept: the message deserves a fresh one
      if (t.stale && !job.retried) putBack(yard, hop, job, { ...job, retried: true });
      else report(yard, hop, job, t, held.connection.remote);
      current = following;
    }
  },
);

/** A message under way. */
interface Sending {
  readonly job: Job;
  readonly over: Effect.Effect<Transacted>;
}

/** Null where it cannot be sent: its result is recorded, or it waits for another connection. */
const begin = Effect.fnUntraced(function* (yard: Yard, hop: Hop, job: Job, { connection }: Held) {
  const prepared = yield* read(job);
  if (prepared === null) {
    yard.finish(job, alike(job, UNREADABLE, null));
    return null;
  }
  const { content, eightBitHeader } = prepared;
  if (content._tag === "Unfit") {
    yard.finish(job, alike(job, UNFIT, null));
    return null;
  }
  if (!connection.ready && !connection.takesNext) {
    putBack(yard, hop, job, job);
    return null;
  }
  return { job, over: transact(connection, mailOf(job, eightBitHeader), content) };
});

/** The message that follows the one under way, if there is one and the connection may carry it. */
const prefetch = Effect.fnUntraced(function* (yard: Yard, hop: Hop, held: Held) {
  if (!held.connection.takesNext || worn(yard.settings, held)) return null;
  if (yard.settings.yields()) return null;
  const job = next(yard, hop);
  return job === null ? null : yield* begin(yard, hop, job, held);
});

/** Begins at once; the effect ends with the transaction, and interrupting it drops the connection. */
const transact = (
  connection: Connection,
  mail: ReturnType<typeof mailOf>,
  content: Content,
): Effect.Effect<Transacted> => {
  let over: Transacted | null = null;
  let tell: ((t: Transacted) => void) | null = null;
  connection.deliver(mail, content, (t) => {
    over = t;
    tell?.(t);
  });
  return Effect.callback((resume) => {
    if (over !== null) return resume(Effect.succeed(over));
    tell = (t) => resume(Effect.succeed(t));
    return Effect.sync(() => connection.drop());
  });
};

/** Recipients that were too many go into the next transaction, if this one took any. RFC 5321 §4.5.3.1.10 */
const report = (yard: Yard, hop: Hop, job: Job, t: Transacted, remote: string): void => {
  const results = job.delivery.recipients.map((recipient, i): Result => ({
    recipient,
    verdict: t.verdicts[i] ?? UNREADABLE,
    remote,
  }));
  const later = results.filter((r) => r.verdict.kind === "later");
  if (later.length === 0) return yard.finish(job, results);
  if (!results.some((r) => r.verdict.kind === "accepted")) {
    return yard.finish(job, results.map((r) => ({ ...r, verdict: soft(r.verdict) })));
  }
  yard.finishPart(job, results.filter((r) => r.verdict.kind !== "later"));
  putBack(yard, hop, job, withRecipients(job, later.map((r) => r.recipient)));
};

const soft = (v: Result["verdict"]): Result["verdict"] => v.kind === "later" ? softened(v) : v;

/** One file per recipient, so that each has its own Delivered-To. */
const intoMaildir = Effect.fnUntraced(function* (yard: Yard, job: Job, path: string) {
  const { delivery } = job;
  const spool = yield* Spool;
  const results: Array<Result> = [];
  for (const recipient of delivery.recipients) {
    const verdict = yield* Effect.matchEffect(spool.read(delivery.message), {
      onSuccess: (chunks) =>
        deliverToMaildir(path, {
          name: `${delivery.message}-${recipient.key}.${yard.settings.hostname}`,
          returnPath: returnPathOf(delivery),
          recipient: recipient.address,
          chunks,
          seconds: Math.floor(delivery.acceptedAt / 1000),
        }),
      onFailure: () => Effect.succeed(UNREADABLE),
    });
    results.push({ recipient, verdict, remote: null });
  }
  yard.finish(job, results);
});
