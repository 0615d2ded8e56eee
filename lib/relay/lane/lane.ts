/**
 * A lane: works through the jobs of one hop over one connection, until there are none. RFC 5321 §4.5.4.1
 *
 * Does not wait for results to be recorded: several are under way at a time, so that one commit
 * carries them.
 */
import { Clock, Effect } from "effect";
import type { Dialer } from "../../ports/dialer.ts";
import { contactText, type Tried } from "../../ports/attempt.ts";
import { HopMemory } from "../../ports/hop_memory.ts";
import type { Resolver } from "../../ports/resolver.ts";
import { hopKey } from "../../ports/routes.ts";
import type { Spool } from "../../ports/spool.ts";
import type { Behind, Mail } from "../../smtp/client/state.ts";
import { LOGIN_REFUSED, softened, type Verdict } from "../../smtp/client/verdict.ts";
import { type Connection, type Transacted, UNFIT } from "../session/connection.ts";
import type { Content } from "../session/content.ts";
import { DAMAGED, UNREADABLE } from "../../files/damaged.ts";
import { takesBinary } from "../job/convert.ts";
import { beyondDomains } from "./domains.ts";
import { prepareContent } from "../job/prepare_content.ts";
import { alike, type Job, mailOf, ownLogin, withRecipients } from "../job/job.ts";
import { intoMaildir } from "./local.ts";
import type { Result } from "../job/outcome.ts";
import { throttles } from "./pace.ts";
import { cannotPass, tellClient, unsuitedFor } from "./pass_through_lane.ts";
import type { Held, Hop } from "./pool.ts";
import { connectHop } from "../hosts/connect_hop.ts";
import type { RelaySettings } from "../settings.ts";
import { mustHaveTls, noticesOf } from "../job/delivery_parameters.ts";
import type { RelayState } from "./relay_state.ts";

/**
 * Between two messages while sessions are busy, so that each hop still gets up to 200 a second: what was
 * accepted is safe and can wait, the person whose mail program shows a progress bar cannot.
 */
const BREATH = Effect.sleep("5 millis");

export type Lane = Effect.Effect<void, never, Spool | Dialer | Resolver>;

/** `held`: a connection to begin with. Leaves the pool in order whatever happens. */
export const lane = (relay: RelayState, hop: Hop, held: Held | null): Lane => {
  let live = held;
  const work = Effect.gen(function* () {
    for (;;) {
      if (!freely(hop)) yield* rest(hop);
      const job = next(relay, hop);
      if (job === null) return;
      if (job.awaited === undefined && relay.settings.yields()) yield* BREATH;
      if (hop.pace.gapMs > 0) yield* Effect.sleep(hop.pace.gapMs);
      if (job.route.hop._tag === "Maildir") {
        relay.finish(job, yield* intoMaildir(job, job.route.hop.path, relay.settings.hostname));
        continue;
      }
      live = spent(relay.settings, live) ? null : live;
      const start: Start = { since: performance.now(), tried: [] };
      live ??= yield* connect(relay, hop, job, start);
      if (live === null) return;
      yield* transmit(relay, hop, job, live, start);
      if (ownLogin(job.awaited)) {
        live.connection.quit();
        live = null;
      }
    }
  });
  return Effect.ensuring(work, Effect.sync(() => relay.pool.leave(hop, live)));
};

/** No limit of its route says how fast messages may follow each other. */
const freely = ({ allowance }: Hop): boolean => allowance === null || allowance.free;

const REST_MS = 1_000;

/** Until its route lets it have another message, if one waits still. */
const rest = Effect.fnUntraced(function* (hop: Hop) {
  hop.resting++;
  const until = Effect.gen(function* () {
    while (hop.jobs.length > 0) {
      const ms = hop.allowance?.take() ?? 0;
      if (ms === 0) return;
      yield* Effect.sleep(Math.min(ms, REST_MS));
    }
  });
  yield* Effect.ensuring(until, Effect.sync(() => void hop.resting--));
});

/** The next job; null where there is none, or where this lane makes room for the accepting side. */
const next = (relay: RelayState, hop: Hop): Job | null => {
  while (hop.jobs.length > 0 && !relay.pool.narrows(hop)) {
    const waiting = hop.jobs.shift();
    const job = waiting === undefined ? null : relay.stillOurs(waiting);
    if (job === null) continue;
    relay.inHand.add(job);
    return job;
  }
  return null;
};

/** Back to the front of the queue. */
const putBack = (relay: RelayState, hop: Hop, job: Job, as: Job): void => {
  relay.inHand.delete(job);
  hop.jobs.unshift(as);
};

/** Carries no more messages: closed, or used as often as either side wants. RFC 9422 §4.2 */
const spent = (settings: RelaySettings, held: Held | null): boolean => {
  if (held === null) return false;
  if (worn(settings, held)) held.connection.quit();
  return !held.connection.ready;
};

const worn = (settings: RelaySettings, { connection, mailMax }: Held): boolean =>
  connection.full || connection.used >= Math.min(settings.messagesPerConnection, mailMax);

/** When an attempt began, and what hosts it met before the one that it came to. */
interface Start {
  readonly since: number;
  tried: ReadonlyArray<Tried>;
}

/** A new connection; null: there is none, and the job waits for another lane or was put off. */
const connect = Effect.fnUntraced(function* (relay: RelayState, hop: Hop, job: Job, start: Start) {
  const { hop: to } = job.route;
  if (to._tag === "Maildir") return null;
  const tagged = mustHaveTls(job.delivery.envelope, to);
  const destination = {
    hop: to,
    access: job.access,
    mustHaveTls: tagged,
    tlsOptional: job.delivery.envelope.tlsOptional === true,
  };
  const r = yield* connectHop(destination, relay.settings, relay.watch, relay.silent);
  start.tried = r.tried;
  if (r._tag === "Reached") {
    const { target } = r.connection;
    r.connection.onAhead = (taken) => relay.ahead.shown(target, taken);
    relay.pool.reached(hop, performance.now());
    const { offer } = r;
    (yield* HopMemory).learn(hopKey(to), {
      eightBitMime: offer.eightBitMime,
      smtpUtf8: offer.smtpUtf8,
      maxSize: offer.maxSize,
      dsn: offer.dsn,
      binary: takesBinary(offer),
      requireTls: offer.requireTls,
      tls: offer.starttls || r.connection.underTls,
    });
    return { connection: r.connection, mailMax: r.offer.mailMax ?? Infinity };
  }
  if (r.atLogin && ownLogin(job.awaited)) { // it says nothing of the logins of others
    relay.pool.reached(hop, performance.now());
    relay.inHand.delete(job);
    const remote = r.contact === null ? null : contactText(r.contact);
    if (r.alarm) job.awaited?.loginRefused(r.verdict, remote);
    else job.awaited?.unreachable(r.verdict, remote);
    return null;
  }
  putBack(relay, hop, job, job);
  if (r.alarm) yield* alarm(hop, r.verdict);
  for (const put of relay.pool.unreachable(hop, r)) {
    // the others were not tried at all
    const attempt = put === job ? { ms: performance.now() - start.since, tried: r.tried } : {};
    relay.finish(put, alike(put, r.verdict, r.contact, attempt));
  }
  return null;
});

/** Only an operator can help. */
const alarm = (hop: Hop, { text }: Verdict) =>
  Effect.logError("The next hop does not take our login", { hop: hop.key, reply: text });

/** One message after the other over a connection, each behind the content of the one before. RFC 2920 §3.1 */
const transmit = Effect.fnUntraced(
  function* (relay: RelayState, hop: Hop, first: Job, held: Held, start: Start) {
    let current = yield* begin(relay, hop, first, held, start);
    while (current !== null) {
      const following: Sending | null = yield* prefetch(relay, hop, current.job, held);
      const t: Transacted = yield* current.over;
      if (current.behind === "try") relay.ahead.tried(held.connection.target);
      relay.pool.reached(hop, performance.now());
      const { job } = current;
      // the hop had closed a connection that we kept, or takes nothing ahead, or it was called back, from which some
      // may be left
      if (t.stale && !job.retried && job.awaited?.late !== true) {
        putBack(relay, hop, job, { ...job, retried: true });
      } else {
        report(relay, hop, current, t, held.connection);
        const wanted = t.verdicts.find(wantsLogin);
        if (wanted !== undefined && alarming(hop, performance.now())) yield* alarm(hop, wanted);
      }
      current = following;
    }
  },
);

/** In the middle of a transaction, where no login was refused at its own time. RFC 4954 §6 */
const wantsLogin = ({ status, remote }: Verdict): boolean => remote && status === LOGIN_REFUSED;

const ALARM_MS = 60_000;

/** Once a minute: each message that waits would say the same. */
const alarming = (hop: Hop, now: number): boolean => {
  if (now - hop.alarmedAt < ALARM_MS) return false;
  hop.alarmedAt = now;
  return true;
};

/** A message under way. */
interface Sending {
  readonly job: Job;
  readonly start: Start;
  readonly behind: Behind;
  readonly over: Effect.Effect<Transacted>;
}

/** Null where it cannot be sent: its result is recorded, or it waits for another connection. */
const begin = Effect.fnUntraced(function* (
  relay: RelayState,
  hop: Hop,
  job: Job,
  { connection }: Held,
  start: Start,
  behind: Behind = "wait",
) {
  if (job.awaited !== undefined && cannotPass(relay, job, job.awaited, connection)) return null;
  const ready = yield* prepareContent(job, connection.offer);
  if ("kind" in ready || ready.content._tag === "Unfit") {
    const verdict = "kind" in ready ? ready : UNFIT;
    const own = verdict === UNREADABLE || verdict === DAMAGED;
    relay.finish(job, alike(job, verdict, own ? null : connection.contact));
    return null;
  }
  if (!connection.ready && !connection.takesNext) {
    putBack(relay, hop, job, job);
    return null;
  }
  const mail = mailOf(job, ready.shape, yield* Clock.currentTimeMillis);
  const later = beyondDomains(connection, mail.to);
  if (later === null) { // another connection has room for them
    connection.full = true;
    putBack(relay, hop, job, job);
    return null;
  }
  if (job.awaited !== undefined) {
    if (later.size > 0) { // a fresh connection may take all of them, and one that is fresh is all there is
      connection.full = true;
      if (connection.used > 0) putBack(relay, hop, job, job);
      else unsuitedFor(relay, job, job.awaited, "recipients", connection);
      return null;
    }
    job.awaited.sentOn(connection);
    const whole = { ...mail, whole: true } as const;
    return { job, start, behind, over: transact(connection, whole, ready.content, () => true) };
  }
  const part = later.size === 0 ? mail : { ...mail, later };
  const wanted = () => !relay.calledBack(job);
  return { job, start, behind, over: transact(connection, part, ready.content, wanted, behind) };
});

/** Recipients of a message that finds out what may be sent ahead: some hang up where they hear much. */
const FEW = 5;

/** The message that follows the one under way, if there is one and the connection may carry it. */
const prefetch = Effect.fnUntraced(function* (relay: RelayState, hop: Hop, first: Job, held: Held) {
  if (!held.connection.takesNext || worn(relay.settings, held)) return null;
  // whose client waits rides alone: when it must be dropped, nobody else's message is in doubt
  if (first.awaited !== undefined || hop.jobs.waiting > 0) return null;
  if (relay.settings.yields() || hop.pace.gapMs > 0 || !freely(hop)) return null;
  const job = next(relay, hop);
  if (job === null) return null;
  const { connection } = held;
  // who finds out risks nothing but to be sent once more, and nobody risks it twice
  const mayTry = !first.retried && job.delivery.recipients.length <= FEW;
  const behind = job.retried ? "wait" : relay.ahead.behind(connection.target, mayTry);
  const start: Start = { since: performance.now(), tried: [] };
  const sending = yield* begin(relay, hop, job, held, start, behind);
  if (sending === null && behind === "try") relay.ahead.tried(connection.target);
  return sending;
});

/** Begins at once; the effect ends with the transaction, and interrupting it drops the connection. */
const transact = (
  connection: Connection,
  mail: Mail,
  content: Content,
  wanted: () => boolean,
  behind: Behind = "wait",
): Effect.Effect<Transacted> => {
  let over: Transacted | null = null;
  let tell: ((t: Transacted) => void) | null = null;
  connection.deliver(
    mail,
    content,
    (t) => {
      over = t;
      tell?.(t);
    },
    wanted,
    behind,
  );
  return Effect.callback((resume) => {
    if (over !== null) return resume(Effect.succeed(over));
    tell = (t) => resume(Effect.succeed(t));
    return Effect.sync(() => connection.drop());
  });
};

/**
 * Recipients that were too many go into the next transaction, if this one took any, or if it was ourselves who
 * left them out. RFC 5321 §4.5.3.1.10, RFC 9422 §4.2
 */
const report = (
  relay: RelayState,
  hop: Hop,
  { job, start }: Sending,
  t: Transacted,
  connection: Connection,
): void => {
  const { contact, offer, remote } = connection;
  if (job.awaited !== undefined) return tellClient(relay, hop, job, job.awaited, t, remote);
  const attempt = { ms: performance.now() - start.since, tried: start.tried };
  const notices = noticesOf(job.delivery, job.route.hop, offer);
  const results = job.delivery.recipients.map((recipient, i): Result => {
    const verdict = t.verdicts[i] ?? UNREADABLE;
    const notice = verdict.kind === "accepted" ? notices?.[i] ?? null : null;
    return notice === null
      ? { recipient, verdict, contact, attempt }
      : { recipient, verdict, contact, attempt, notice };
  });
  if (results.some((r) => r.verdict.kind === "accepted")) hop.pace.took();
  else if (results.some((r) => throttles(r.verdict))) hop.pace.slow();
  const later = results.filter((r) => r.verdict.kind === "later");
  if (later.length === 0) return relay.finish(job, results);
  const goesOn = results.some((r) => r.verdict.kind === "accepted") ||
    (later.length < results.length && later.every((r) => !r.verdict.remote));
  if (!goesOn) {
    return relay.finish(job, results.map((r) => ({ ...r, verdict: soft(r.verdict) })));
  }
  relay.finishPart(job, results.filter((r) => r.verdict.kind !== "later"));
  putBack(relay, hop, job, withRecipients(job, later.map((r) => r.recipient)));
};

const soft = (v: Result["verdict"]): Result["verdict"] => v.kind === "later" ? softened(v) : v;
