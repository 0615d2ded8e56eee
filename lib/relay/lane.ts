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
import { type Content, prepare, type Prepared } from "./content.ts";
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

const UNREADABLE = ours("temporary", "4.3.0", "Message cannot be read from the spool now");

export type Lane = Effect.Effect<void, never, Spool | Dialer | Resolver>;

/** `held`: a connection to begin with. Leaves the pool in order whatever happens. */
export const lane = (yard: Yard, hop: Hop, held: Held | null): Lane => {
  let live = held;
  const work = Effect.gen(function* () {
    for (let job = next(yard, hop); job !== null; job = next(yard, hop)) {
      if (job.route.hop._tag === "Maildir") {
        yield* intoMaildir(yard, job, job.route.hop.path);
        continue;
      }
      live = spent(yard.settings, live) ? null : live;
      live ??= yield* connect(yard, hop, job);
      if (live === null) return;
      yield* transmit(yard, hop, job, live.connection);
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

const next = (yard: Yard, hop: Hop): Job | null => {
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
  const { connection, mailMax } = held;
  if (connection.used >= Math.min(settings.messagesPerConnection, mailMax)) connection.quit();
  return !connection.ready;
};

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
    const { message, envelope } = job.delivery;
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

const transmit = Effect.fnUntraced(
  function* (yard: Yard, hop: Hop, job: Job, connection: Connection) {
    const prepared = yield* read(job);
    if (prepared === null) return yard.finish(job, alike(job, UNREADABLE, null));
    const { content, eightBitHeader } = prepared;
    if (content._tag === "Unfit") return yard.finish(job, alike(job, UNFIT, null));
    if (!connection.ready) return putBack(yard, hop, job, job);
    const t = yield* transact(connection, mailOf(job, eightBitHeader), content);
    yard.pool.reached(hop, yield* Clock.currentTimeMillis);
    // the hop had closed a connection that we kept: the message deserves a fresh one
    if (t.stale && !job.retried) return putBack(yard, hop, job, { ...job, retried: true });
    report(yard, hop, job, t, connection.remote);
  },
);

const transact = (
  connection: Connection,
  mail: ReturnType<typeof mailOf>,
  content: Content,
): Effect.Effect<Transacted> =>
  Effect.callback((resume) => {
    connection.deliver(mail, content, (t) => resume(Effect.succeed(t)));
    return Effect.sync(() => connection.drop());
  });

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
