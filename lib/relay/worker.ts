/**
 * The relay: takes what is due from the spool, hands it to the next hops, records what they said. RFC 5321 §4.5.4.1
 *
 * Jobs wait by next hop; each hop has a few connections that carry many messages. Outcomes are recorded
 * before the next attempt, several at a time, so that one commit carries them.
 */
import { Clock, type Context, Duration, Effect, Layer, Schedule } from "effect";
import { isAscii } from "../address/domain.ts";
import { printMailbox } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import { Dialer } from "../ports/dialer.ts";
import { Ids } from "../ports/ids.ts";
import { Resolver } from "../ports/resolver.ts";
import { hopKey, type Route, Routes } from "../ports/routes.ts";
import { type Delivery, type LeasedRecipient, Spool } from "../ports/spool.ts";
import type { Mail } from "../smtp/client/state.ts";
import { ours, type Verdict } from "../smtp/client/verdict.ts";
import { bounceFor } from "./bounce.ts";
import { type Connection, type Transacted, UNFIT } from "./connection.ts";
import { prepare } from "./content.ts";
import { deliverToMaildir } from "./maildir.ts";
import { type DeliveryEvent, eventOf, outcomeOf, type Result } from "./outcome.ts";
import { type Destination, reach } from "./reach.ts";
import type { RelaySettings } from "./settings.ts";
import { Watch } from "./watch.ts";

type Needs = Spool | Routes | Resolver | Dialer | Ids;

/** The recipients of one message that one hop gets. */
interface Job {
  readonly delivery: Delivery;
  readonly route: Route;
}

interface Hop {
  readonly key: string;
  readonly waiting: Array<Job>;
  /** Fibers at work for it, each with a connection or about to have one. */
  running: number;
  readonly idle: Array<Connection>;
  /** By the clock, ms: not dialled before. */
  pausedUntil: number;
  lastFailure: { readonly verdict: Verdict; readonly remote: string | null } | null;
}

const NO_ROUTE = ours("temporary", "4.4.4", "No route is configured for this recipient now");
const UNREADABLE = ours("temporary", "4.3.0", "Message cannot be read from the spool now");
/** Deliveries asked of the spool at a time. */
const BATCH = 200;
/** How late a deadline may be noticed. */
const WATCH_MS = 1_000;

class Relay {
  readonly #settings: RelaySettings;
  readonly #services: Context.Context<Needs>;
  readonly #spool: Spool["Service"];
  readonly #routes: Routes["Service"];
  readonly #watch = new Watch(WATCH_MS);
  readonly #hops = new Map<string, Hop>();
  #held = 0;
  #connections = 0;
  #stopping = false;
  #changed: (() => void) | null = null;
  #events: Array<DeliveryEvent> = [];

  constructor(
    settings: RelaySettings,
    services: Context.Context<Needs>,
    spool: Spool["Service"],
    routes: Routes["Service"],
  ) {
    this.#settings = settings;
    this.#services = services;
    this.#spool = spool;
    this.#routes = routes;
  }

  /** Takes for ever. A spool in trouble is asked again. */
  readonly run: Effect.Effect<never> = Effect.forever(
    Effect.suspend(() => {
      const room = this.#settings.window - this.#held;
      if (room <= 0) return this.#change;
      return Effect.matchEffect(this.#spool.take(Math.min(room, BATCH)), {
        onSuccess: (deliveries) =>
          Effect.forEach(deliveries, (d) => this.#admit(d), { discard: true }),
        onFailure: (fault) =>
          Effect.andThen(
            Effect.logError("the spool cannot be read", { fault }),
            Effect.sleep(Duration.seconds(1)),
          ),
      });
    }),
  );

  /** Resolves when something was finished. */
  readonly #change = Effect.callback<void>((resume) => {
    this.#changed = () => resume(Effect.void);
    return Effect.sync(() => {
      this.#changed = null;
    });
  });

  #finished(): void {
    this.#held--;
    const changed = this.#changed;
    this.#changed = null;
    changed?.();
  }

  /** The route is looked up again: the configuration may have changed since the message was accepted. */
  readonly #admit = Effect.fnUntraced(function* (this: Relay, d: Delivery) {
    const groups = new Map<
      string,
      { readonly route: Route; readonly to: Array<LeasedRecipient> }
    >();
    const lost: Array<LeasedRecipient> = [];
    for (const recipient of d.recipients) {
      const mailbox = parseMailbox(recipient.address);
      const route = mailbox === null ? null : yield* this.#routes.find(mailbox);
      if (route === null) {
        lost.push(recipient);
        continue;
      }
      const key = hopKey(route.hop);
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { route, to: [recipient] });
      else known.to.push(recipient);
    }
    if (lost.length > 0) {
      this.#held++;
      this.#settle(
        { ...d, recipients: lost },
        d.hop,
        lost.map((recipient) => ({ recipient, verdict: NO_ROUTE, remote: null })),
      );
    }
    for (const [key, { route, to }] of groups) {
      this.#held++;
      const hop = this.#hop(key);
      hop.waiting.push({
        delivery: to.length === d.recipients.length ? d : { ...d, recipients: to },
        route,
      });
      this.#pump(hop);
    }
  }).bind(this);

  #hop(key: string): Hop {
    let hop = this.#hops.get(key);
    if (hop === undefined) {
      // hops of the past go once they hold nothing
      if (this.#hops.size >= 10_000) {
        for (const [k, h] of this.#hops) {
          if (h.waiting.length === 0 && h.running === 0 && h.idle.length === 0) {
            this.#hops.delete(k);
          }
        }
      }
      hop = { key, waiting: [], running: 0, idle: [], pausedUntil: 0, lastFailure: null };
      this.#hops.set(key, hop);
    }
    return hop;
  }

  /** Starts workers for a hop as far as its limits and the work allow. */
  #pump(hop: Hop): void {
    while (
      hop.waiting.length > 0 && !this.#stopping &&
      hop.running < Math.min(this.#settings.connectionsPerHop, hop.waiting.length + hop.running) &&
      this.#connections < this.#settings.maxConnections
    ) {
      hop.running++;
      this.#connections++;
      this.#fork(Effect.ensuring(
        this.#work(hop),
        Effect.sync(() => {
          hop.running--;
          this.#connections--;
          this.#pump(hop);
        }),
      ));
    }
  }

  #fork(effect: Effect.Effect<void, never, Needs>): void {
    Effect.runForkWith(this.#services)(Effect.ignoreCause(effect, { log: "Error" }));
  }

  readonly #work = Effect.fnUntraced(function* (this: Relay, hop: Hop) {
    const first = hop.waiting[0];
    if (first === undefined) return;
    if (first.route.hop._tag === "Maildir") {
      for (let job = hop.waiting.shift(); job !== undefined; job = hop.waiting.shift()) {
        yield* this.#toMaildir(hop, job, first.route.hop.path);
      }
      return;
    }
    const connection = yield* this.#connect(hop, {
      hop: first.route.hop,
      access: this.#settings.access(first.route),
    });
    if (connection === null) return;
    while (connection.ready && !this.#stopping) {
      if (connection.used >= this.#settings.messagesPerConnection) break;
      const job = hop.waiting.shift();
      if (job === undefined) {
        hop.idle.push(connection);
        return;
      }
      yield* this.#transact(hop, job, connection);
    }
    connection.quit();
  }).bind(this);

  /** An idle connection or a new one; null: the hop cannot be reached, what waits for it was put off. */
  readonly #connect = Effect.fnUntraced(function* (this: Relay, hop: Hop, to: Destination) {
    for (let c = hop.idle.pop(); c !== undefined; c = hop.idle.pop()) if (c.ready) return c;
    const now = yield* Clock.currentTimeMillis;
    if (hop.lastFailure !== null && now < hop.pausedUntil) {
      this.#putOff(hop, hop.lastFailure);
      return null;
    }
    const r = yield* reach(to, this.#settings, this.#watch);
    if (r._tag === "Reached") {
      hop.lastFailure = null;
      return r.connection;
    }
    if (r.alarm) {
      yield* Effect.logError("the next hop does not take our credentials", {
        hop: hop.key,
        reply: r.verdict.text,
      });
    }
    hop.pausedUntil = (yield* Clock.currentTimeMillis) + this.#settings.pauseMs;
    hop.lastFailure = { verdict: r.verdict, remote: r.remote };
    this.#putOff(hop, hop.lastFailure);
    return null;
  }).bind(this);

  #putOff(hop: Hop, why: { readonly verdict: Verdict; readonly remote: string | null }): void {
    for (const { delivery } of hop.waiting.splice(0)) {
      this.#settle(
        delivery,
        hop.key,
        delivery.recipients.map((recipient) => ({ recipient, ...why })),
      );
    }
  }

  readonly #transact = Effect.fnUntraced(
    function* (this: Relay, hop: Hop, job: Job, connection: Connection) {
      const { delivery } = job;
      const mailboxes = delivery.recipients.map((r) => r.address);
      const { returnPath, smtpUtf8 } = delivery.envelope;
      const from = returnPath === null ? "" : printMailbox(returnPath);
      const prepared = yield* this.#spool.read(delivery.message).pipe(
        Effect.flatMap((chunks) => Effect.tryPromise(() => prepare(chunks, smtpUtf8))),
        Effect.catch((fault) =>
          Effect.as(
            Effect.logError("message cannot be read", { message: delivery.message, fault }),
            null,
          )
        ),
      );
      const all = (verdict: Verdict): void =>
        this.#settle(
          delivery,
          hop.key,
          delivery.recipients.map((recipient) => ({ recipient, verdict, remote: null })),
        );
      if (prepared === null) return all(UNREADABLE);
      if (prepared.content._tag === "Unfit") return all(UNFIT);
      const { content } = prepared;
      const mail: Mail = {
        from,
        to: mailboxes,
        size: delivery.size,
        eightBit: delivery.eightBit,
        utf8: !isAscii(from) || mailboxes.some((m) => !isAscii(m))
          ? "address"
          : prepared.eightBitHeader
          ? "header"
          : "none",
      };
      const result = yield* Effect.callback<Transacted>((resume) => {
        connection.deliver(mail, content, (t) => resume(Effect.succeed(t)));
      });
      // the hop had closed a connection that we kept: the message deserves a fresh one
      if (result.stale) {
        hop.waiting.unshift(job);
        return;
      }
      const results = delivery.recipients.map((recipient, i): Result => ({
        recipient,
        verdict: result.verdicts[i] ?? UNREADABLE,
        remote: connection.remote,
      }));
      const later = results.filter((r) => r.verdict.kind === "later").map((r) => r.recipient);
      const done = results.filter((r) => r.verdict.kind !== "later");
      // all of them put off is no progress: that counts as a temporary failure. RFC 5321 §4.5.3.1.10
      if (later.length > 0 && done.length > 0) {
        this.#held++;
        hop.waiting.unshift({ ...job, delivery: { ...delivery, recipients: later } });
        this.#settle(delivery, hop.key, done);
      } else this.#settle(delivery, hop.key, results);
    },
  ).bind(this);

  readonly #toMaildir = Effect.fnUntraced(
    function* (this: Relay, hop: Hop, job: Job, path: string) {
      const { delivery } = job;
      const { returnPath } = delivery.envelope;
      const results: Array<Result> = [];
      for (const recipient of delivery.recipients) {
        const verdict = yield* this.#spool.read(delivery.message).pipe(
          Effect.flatMap((chunks) =>
            deliverToMaildir(path, {
              name: `${delivery.message}.${recipient.key}.${this.#settings.hostname}`,
              returnPath: returnPath === null ? "" : printMailbox(returnPath),
              recipient: recipient.address,
              chunks,
              seconds: Math.floor(delivery.acceptedAt / 1000),
            })
          ),
          Effect.catch(() => Effect.succeed(UNREADABLE)),
        );
        results.push({ recipient, verdict, remote: null });
      }
      this.#settle(delivery, hop.key, results);
    },
  ).bind(this);

  /** Records outcomes without holding the connection up; tried until the spool takes them. */
  #settle(delivery: Delivery, hop: string, results: ReadonlyArray<Result>): void {
    const record = Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis;
      const settled = results.map((result) => {
        const outcome = outcomeOf(delivery, result, now, Math.random(), this.#settings.retry);
        return { result, outcome };
      });
      const failed = settled.filter(({ outcome: { _tag } }) =>
        _tag === "Failed" || _tag === "Expired"
      );
      const bounce = failed.length === 0 ? null : yield* bounceFor(
        delivery,
        failed.map(({ result: { recipient, verdict, remote }, outcome }) => ({
          address: recipient.address,
          status: outcome._tag === "Delivered" ? verdict.status : outcome.status,
          reply: verdict.text,
          remote: verdict.remote ? remote : null,
        })),
        this.#settings.hostname,
        now,
      );
      const settlements = settled.map(({ result: { recipient }, outcome }) => ({
        recipient,
        outcome,
      }));
      yield* bounce === null
        ? this.#spool.settle(delivery.message, settlements)
        : this.#spool.settle(delivery.message, settlements, bounce);
      for (const { result, outcome } of settled) {
        this.#event(eventOf(delivery, hop, result, outcome, now));
      }
    });
    this.#fork(
      record.pipe(
        Effect.tapError((fault) =>
          Effect.logError("an outcome cannot be recorded, trying again", {
            message: delivery.message,
            fault,
          })
        ),
        Effect.retry(Schedule.spaced(Duration.seconds(1))),
        Effect.catch(() => Effect.void),
        Effect.ensuring(Effect.sync(() => this.#finished())),
      ),
    );
  }

  #event(e: DeliveryEvent): void {
    this.#events.push(e);
    if (this.#events.length > 1) return;
    queueMicrotask(() => {
      const events = this.#events.splice(0);
      const { onOutcome } = this.#settings;
      if (onOutcome !== null) return onOutcome(events);
      for (const event of events) {
        const line = event.result === "delivered" ? Effect.logDebug : Effect.logInfo;
        this.#fork(line(`message ${event.result}`, event));
      }
    });
  }

  /** Finishes running transactions within the grace, gives the rest back. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() => {
    this.#stopping = true;
    const back: Array<Delivery> = [];
    for (const hop of this.#hops.values()) {
      for (const { delivery } of hop.waiting.splice(0)) {
        back.push(delivery);
        this.#held--;
      }
      for (const c of hop.idle.splice(0)) c.quit();
    }
    const drained: Effect.Effect<void> = Effect.suspend(() =>
      this.#held <= 0 ? Effect.void : Effect.andThen(this.#change, drained)
    );
    return Effect.forEach(back, (d) => Effect.ignore(this.#spool.giveBack(d)), { discard: true })
      .pipe(
        Effect.andThen(Effect.timeoutOption(drained, Duration.millis(this.#settings.graceMs))),
        Effect.asVoid,
      );
  });
}

/** Runs the relay as long as the scope is open. */
export const relayLayer = (settings: RelaySettings): Layer.Layer<never, never, Needs> =>
  Layer.effectDiscard(Effect.gen(function* () {
    const services = yield* Effect.context<Needs>();
    const relay = new Relay(settings, services, yield* Spool, yield* Routes);
    yield* Effect.addFinalizer(() => relay.stop);
    yield* Effect.forkScoped(relay.run);
  }));
