/**
 * A spool whose messages stand on a second server too, where their route asks for it: they are kept there first, then
 * here, and what becomes of them is told there. RFC 5321 §6.1 asks for no less than one.
 */
import { setImmediate } from "node:timers";
import { Deferred, Effect, Layer } from "effect";
import type { Cancellation } from "../ports/cancellation.ts";
import { Copies, type CopyEntry, openOf, type Standing } from "../ports/copies.ts";
import { Dialer } from "../ports/dialer.ts";
import {
  type Committed,
  type NewMessage,
  Spool,
  type SpoolError,
  SpoolFault,
} from "../ports/spool.ts";
import { ReplicaFault, ReplicaLink, type ReplicaLinkSettings } from "./link.ts";
import { sendCopy } from "./send_copy.ts";
import type { Answered } from "./words.ts";

export interface ReplicaSettings extends ReplicaLinkSettings {
  /** At the start nothing is sent for so long unless the other side has said what it took over; ms. */
  readonly waitMs: number;
  /** How often changes of operators are looked for, ms. */
  readonly lookMs: number;
}

/** Messages, and recipients of them, whose standing is told in one go. */
const TOGETHER = 500;
const RECIPIENTS = 10_000;
/** At a stop, for the last news. */
const FAREWELL_MS = 2_000;

/** Ends with a fault once it is called off. */
const until = <A>(
  work: Effect.Effect<A, SpoolError>,
  cancellation: Cancellation | undefined,
): Effect.Effect<A, SpoolError> => {
  if (cancellation === undefined) return work;
  const calledOff = Effect.callback<never, SpoolError>((resume) => {
    const fail = (): void => resume(Effect.fail(notKept("it was not copied in time")));
    if (cancellation.requested) return fail();
    cancellation.onRequest(fail);
    return Effect.sync(() => cancellation.onRequest(null));
  });
  return Effect.raceFirst(work, calledOff);
};

const notKept = (cause: unknown): SpoolFault => new SpoolFault({ operation: "replicate", cause });

class Replicated {
  readonly #spool: Spool["Service"];
  readonly #copies: Copies["Service"];
  readonly #link: ReplicaLink;
  readonly #fork: (effect: Effect.Effect<void>) => void;
  /** What stands on the other side. */
  readonly #copied = new Set<string>();
  /** Of that, what may stand otherwise now. */
  readonly #stale = new Set<string>();
  /** On their way into both. */
  readonly #flying = new Set<string>();
  #telling = false;
  /** More has changed meanwhile. */
  #again = false;

  constructor(
    spool: Spool["Service"],
    copies: Copies["Service"],
    link: ReplicaLink,
    fork: (effect: Effect.Effect<void>) => void,
  ) {
    this.#spool = spool;
    this.#copies = copies;
    this.#link = link;
    this.#fork = fork;
  }

  readonly commit: Spool["Service"]["commit"] = (m, cancellation) =>
    m.replicated !== true ? this.#spool.commit(m, cancellation) : Effect.suspend(() => {
      const { id } = m;
      this.#flying.add(id);
      const copying = Effect.mapError(sendCopy(this.#link, m, openOf(m)), notKept);
      // nothing is stored here yet, and a client that cancels or is gone has had no reply
      return until(copying, cancellation).pipe(
        Effect.flatMap((): Effect.Effect<Committed, SpoolError> => {
          this.#copied.add(id);
          return this.#spool.commit(m, cancellation);
        }),
        Effect.tap((c) => c._tag === "Known" ? this.#drop(id) : Effect.void),
        Effect.onError(() => this.#drop(id)),
        Effect.ensuring(Effect.sync(() => {
          this.#flying.delete(id);
          if (this.#stale.has(id)) this.#changed([id]);
        })),
        Effect.uninterruptible,
      );
    });

  /** It was not accepted here: nor shall it stand there. */
  #drop(id: string): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#copied.delete(id);
      this.#link.tell({ t: "stand", n: this.#link.number(), standing: [{ id, open: [] }] });
    });
  }

  readonly settle: Spool["Service"]["settle"] = (message, settlements, bounce) => {
    if (!this.#copied.has(message)) return this.#spool.settle(message, settlements, bounce);
    const report = bounce === undefined ? undefined : { ...bounce, replicated: true };
    const copied = report === undefined ? Effect.void : this.#copyReport(report);
    return Effect.flatMap(copied, () => this.#spool.settle(message, settlements, report)).pipe(
      Effect.tap(() => Effect.sync(() => this.#changed([message]))),
    );
  };

  /** The report on a message that has a copy gets one too, where there is a connection: nobody waits for it. */
  #copyReport(bounce: NewMessage): Effect.Effect<void> {
    if (this.#link.peer === null) return Effect.void;
    return sendCopy(this.#link, bounce, openOf(bounce)).pipe(
      Effect.andThen(() => Effect.sync(() => this.#copied.add(bounce.id))),
      Effect.ignore({ log: "Warn" }),
    );
  }

  readonly settleAll: Spool["Service"]["settleAll"] = (settled) =>
    Effect.tap(
      this.#spool.settleAll(settled),
      () => Effect.sync(() => this.#changed(settled.map((s) => s.message))),
    );

  #changed(ids: Iterable<string>): void {
    for (const id of ids) if (this.#copied.has(id)) this.#stale.add(id);
    this.#again = this.#telling;
    if (this.#telling || this.#stale.size === 0 || this.#link.peer === null) return;
    this.#telling = true;
    setImmediate(() => this.#fork(this.#tell));
  }

  /** Where everything stands that may have changed. */
  readonly #tell: Effect.Effect<void> = Effect.suspend(() => this.#tellSome()).pipe(
    Effect.repeat({ while: (more) => more }),
    Effect.asVoid,
    Effect.ensuring(Effect.sync(() => {
      this.#telling = false;
      if (this.#again) this.#changed([]);
    })),
  );

  /** All that is to be told is told, where there is a connection. */
  readonly finish: Effect.Effect<void> = Effect.suspend(() => this.#tell).pipe(
    Effect.andThen(() => this.#link.ping),
    Effect.ignore({ log: "Error" }),
  );

  /** Whether there is more. */
  #tellSome(): Effect.Effect<boolean> {
    const ids: Array<string> = [];
    for (const id of this.#stale) {
      // what is not committed yet would seem to be done with
      if (!this.#flying.has(id) && ids.push(id) === TOGETHER) break;
    }
    if (ids.length === 0 || this.#link.peer === null) return Effect.succeed(false);
    for (const id of ids) this.#stale.delete(id);
    return Effect.gen({ self: this }, function* () {
      const standing = yield* this.#copies.standing(ids);
      for (const some of portions(standing)) {
        const a = yield* this.#link.ask({ t: "stand", standing: some });
        if (a.t === "taken" && a.ids.length > 0) yield* this.#yield(a.ids);
      }
      // one that comes back to life, by an operator, is seen to by the next look
      for (const { id, open } of standing) {
        if (open.length === 0) this.#copied.delete(id);
      }
      return this.#stale.size > 0;
    }).pipe(
      Effect.catch((e) => {
        for (const id of ids) this.#stale.add(id);
        const broke = e._tag === "ReplicaFault";
        return Effect.as(
          broke ? Effect.void : Effect.logError("copies are not brought up to date", { fault: e }),
          false,
        );
      }),
    );
  }

  /** What was taken over is not ours any more. */
  #yield(ids: ReadonlyArray<string>): Effect.Effect<void, ReplicaFault | SpoolError> {
    return Effect.gen({ self: this }, function* () {
      const by = this.#link.peer ?? "the other server";
      const recipients = yield* this.#copies.yield(ids, by);
      yield* Effect.logWarning("messages were taken over", {
        by,
        messages: ids.length,
        recipients,
      });
      yield* this.#link.ask({ t: "yielded", ids });
      for (const id of ids) this.#copied.delete(id);
    });
  }

  /** A new connection: what was taken over meanwhile goes first, then everything is brought up to date. */
  greeted(ready: () => void): Effect.Effect<void> {
    const pages = (
      which: "kept" | "taken",
      take: (ids: ReadonlyArray<string>) => Effect.Effect<void, ReplicaFault | SpoolError>,
    ): Effect.Effect<void, ReplicaFault | SpoolError> =>
      Effect.gen({ self: this }, function* () {
        for (let after: number | null = 0; after !== null;) {
          const a: Answered = yield* this.#link.ask({ t: "list", which, after });
          if (a.t !== "listed") return;
          if (a.ids.length > 0) yield* take(a.ids);
          after = a.last;
        }
      });
    return Effect.gen({ self: this }, function* () {
      yield* pages("taken", (ids) => this.#yield(ids));
      ready();
      const missing = new Set(this.#copied);
      yield* pages("kept", (ids) =>
        Effect.sync(() => {
          const there = ids.filter((id) => !this.#flying.has(id));
          for (const id of there) this.#copied.add(id);
          for (const id of ids) missing.delete(id);
          this.#changed(there);
        }));
      for (const id of missing) if (!this.#flying.has(id)) this.#copied.delete(id);
      yield* this.#complete;
    }).pipe(Effect.ignore({ log: "Debug" }));
  }

  /** What was promised to stand there and does not, since that server has lost it, or a report came while it was away. */
  readonly #complete: Effect.Effect<void, ReplicaFault | SpoolError> = Effect.suspend(() =>
    Effect.gen({ self: this }, function* () {
      let copied = 0;
      for (let after = 0;;) {
        const page: ReadonlyArray<CopyEntry> = yield* this.#copies.replicated(after, TOGETHER);
        const absent = page.map((c) => c.id)
          .filter((id) => !this.#copied.has(id) && !this.#flying.has(id));
        for (const standing of yield* this.#copies.standing(absent)) {
          copied += yield* this.#copyAgain(standing);
        }
        after = page.at(-1)?.number ?? after;
        if (page.length < TOGETHER) break;
      }
      if (copied > 0) {
        yield* Effect.logWarning("messages were copied once more", { messages: copied });
      }
    })
  );

  /** How many copies that made: none where it is done with meanwhile, or cannot be copied. */
  #copyAgain({ id, open }: Standing): Effect.Effect<number, ReplicaFault | SpoolError> {
    return Effect.gen({ self: this }, function* () {
      const stored = open.length === 0 ? null : yield* this.#copies.stored(id);
      if (stored === null) return 0;
      yield* sendCopy(this.#link, stored.message, open, stored.digest);
      this.#copied.add(id);
      // where it stands may have changed on the way
      this.#changed([id]);
      return 1;
    }).pipe(
      // one that is damaged keeps no other back
      Effect.catch((e) =>
        this.#link.peer === null
          ? Effect.fail(e)
          : Effect.as(Effect.logError("a message is not copied", { id, fault: e }), 0)
      ),
    );
  }

  /** An operator may have held, edited, rerouted or removed something. */
  readonly look: Effect.Effect<void> = Effect.suspend(() => this.#copies.changed).pipe(
    Effect.map((changed) => this.#changed(changed ? this.#copied : [])),
    Effect.ignore({ log: "Error" }),
  );
}

/** So that no frame grows beyond measure. */
const portions = (standing: ReadonlyArray<Standing>): ReadonlyArray<ReadonlyArray<Standing>> => {
  const out: Array<Array<Standing>> = [];
  let room = 0;
  for (const s of standing) {
    room -= s.open.length;
    if (room < 0 || out.length === 0) {
      out.push([]);
      room = RECIPIENTS - s.open.length;
    }
    out.at(-1)?.push(s);
  }
  return out;
};

/** The spool beneath, with what its routes want copied on a second server. */
export const replicatedLayer = (
  settings: ReplicaSettings,
): Layer.Layer<Spool, never, Spool | Copies | Dialer> =>
  Layer.effect(
    Spool,
    Effect.gen(function* () {
      const spool = yield* Spool;
      const copies = yield* Copies;
      const link = new ReplicaLink(yield* Dialer, settings, copies.own);
      const run = Effect.runForkWith(yield* Effect.context<never>());
      const replicated = new Replicated(spool, copies, link, (effect) => run(effect));
      const gate = yield* Deferred.make<void>();
      let open = false;
      const ready = (): void => {
        open = true;
        Deferred.doneUnsafe(gate, Effect.void);
      };
      yield* Effect.forkScoped(link.keep(
        (peer) =>
          Effect.andThen(
            Effect.logInfo("copies of messages are kept", { by: peer }),
            replicated.greeted(ready),
          ),
        (reason) =>
          Effect.logWarning(
            "the server that keeps copies is not there: what its routes want replicated is refused for now",
            { server: `${settings.host}:${settings.port}`, reason },
          ),
      ));
      yield* Effect.forkScoped(Effect.andThen(Effect.sleep(settings.waitMs), Effect.sync(ready)));
      yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(Effect.sleep(settings.lookMs), replicated.look)),
      );
      // a server that takes over must not send what we have just sent
      yield* Effect.addFinalizer(() => Effect.timeoutOption(replicated.finish, FAREWELL_MS));
      return Spool.of({
        ...spool,
        commit: replicated.commit,
        settle: replicated.settle,
        settleAll: replicated.settleAll,
        take: (limit, except) =>
          open
            ? spool.take(limit, except)
            : Effect.andThen(Deferred.await(gate), () => spool.take(limit, except)),
      });
    }),
  );
