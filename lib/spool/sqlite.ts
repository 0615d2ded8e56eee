/**
 * The spool on SQLite, with group commit on a thread of its own. Implements `ports/spool.ts`.
 *
 * What was accepted a moment ago is handed to the relay from memory; a backlog lives on disk and comes back
 * oldest first, so that memory does not grow with the queue.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Context, Effect, Layer } from "effect";
import { printMailbox } from "../address/mailbox.ts";
import { Copies } from "../ports/copies.ts";
import { type Listeners, Outbox } from "../ports/outbox.ts";
import {
  type Committed,
  type Delivery,
  type LeasedRecipient,
  type NewMessage,
  type Settled,
  Spool,
  type SpoolError,
  SpoolFault,
} from "../ports/spool.ts";
import { SpoolState } from "../ports/spool_state.ts";
import { copiesOn } from "./thread/copies_port.ts";
import { DatabaseThread, faultOf } from "./thread/group_commit.ts";
import { SpoolOutbox } from "./thread/outbox.ts";
import type { ClaimedRow, ClaimOp, CommitOp, ReadPart } from "./database/protocol.ts";
import { PER_MESSAGE } from "./database/schema.ts";
import { settledRow } from "./database/settled_row.ts";
import { DiskStaging } from "./thread/staging.ts";
import { reportStart, Troubles } from "./thread/troubles.ts";
import { type Facts, groupClaims, legible } from "./database/claims.ts";
import { reportBroken, setAside } from "./database/set_aside.ts";

export interface SpoolSettings {
  /** File; its directory is made where it is missing. */
  readonly path: string;
  /** Days for which envelope, trail and outcome of a finished message are kept; 0: none. */
  readonly keepDays: number;
  /** No retry lies farther ahead, in ms; absent: a day. */
  readonly longestDelay?: number;
  /** So long an address that failed for good gets no mail, in ms; absent: not at all. */
  readonly suppress?: number;
  /** Milliseconds for which the same submission is known again; zero or absent: never. */
  readonly onceMs?: number;
  /** Who hears of events; absent: nobody. */
  readonly listeners?: Listeners;
  /** What is there already is not sent before it is released; absent: it is. */
  readonly startHeld?: boolean;
}

/** A lease outlives its owner's last sign of life by this; renewed three times within it. */
const LEASE_MS = 15_000;
const POLL_MS = 1_000;
/** Deliveries, and octets of content, that wait in memory for the relay. */
const MAX_READY = 10_000;
const MAX_CACHED = 32 * 1024 * 1024;

const encoder = new TextEncoder();

/** Octets of text with one char each. */
const octetsOf = (text: string): Uint8Array => {
  const out = new Uint8Array(text.length);
  // the quick way, which fits where all of it is ASCII
  const { read } = encoder.encodeInto(text, out);
  if (read < text.length) Buffer.from(out.buffer).write(text, "latin1");
  return out;
};

const KEPT: Committed = { _tag: "Kept" };

class SqliteSpool {
  readonly #thread: DatabaseThread;
  #ready: Array<Delivery> = [];
  /** By message; emptied as it is forgotten, since the tables of a Map outlive what is taken out of it. */
  readonly #cache = new Map<string, { parts: ReadonlyArray<Uint8Array> }>();
  #cached = 0;
  /** Older messages wait on disk: new ones queue up behind them. */
  #backlog = true;
  /** Something on disk may be due: look there first. */
  #look = true;
  #wake: (() => void) | null = null;
  /** What the relay holds, by key; and of it what is no longer ours. */
  readonly #out = new Map<number, LeasedRecipient>();
  readonly #withdrawn = new Set<LeasedRecipient>();

  /** Told after each change; null: nobody wants to know. */
  readonly #outbox: SpoolOutbox | null;

  readonly #log: (line: Effect.Effect<void>) => void;

  constructor(
    thread: DatabaseThread,
    outbox: SpoolOutbox | null,
    log: (line: Effect.Effect<void>) => void,
  ) {
    this.#thread = thread;
    this.#outbox = outbox;
    this.#log = log;
  }

  readonly stage = () => new DiskStaging(this.#thread);

  readonly commit: Spool["Service"]["commit"] = (m, cancellation) =>
    Effect.uninterruptible(Effect.callback<Committed, SpoolError>((resume) => {
      const now = m.hold === undefined && m.due === undefined && m.copyOf === undefined;
      const lease = now && !this.#backlog && this.#ready.length < MAX_READY &&
        this.#cached < MAX_CACHED;
      const { op, facts } = this.#commitOp(m, lease);
      const staging = m.body as DiskStaging;
      this.#thread.submit(op, (r) => {
        if (!r.ok) {
          staging.landed(false);
          return resume(Effect.fail(faultOf("commit", r)));
        }
        const { value } = r;
        if (typeof value === "object" && value !== null && "known" in value) {
          staging.landed(false);
          return resume(Effect.succeed<Committed>({ _tag: "Known", id: value.known }));
        }
        staging.landed(true);
        if (lease) this.#offer(m, op, facts, value as number);
        else if (now) this.#backlog = this.#look = true;
        this.#awaken();
        this.#outbox?.stir();
        resume(Effect.succeed(KEPT));
      }, cancellation);
    }));

  #commitOp(m: NewMessage, lease: boolean): { readonly op: CommitOp; readonly facts: Facts } {
    const staging = m.body as DiskStaging;
    const held = staging.hand();
    const head = octetsOf(m.head);
    const facts: Facts = {
      envelope: m.envelope,
      session: m.session,
      size: head.length + staging.octets,
      eightBit: m.eightBit,
      account: m.account,
    };
    const op: CommitOp = {
      op: "commit",
      id: m.id,
      acceptedAt: m.acceptedAt,
      account: m.account,
      returnPath: m.envelope.returnPath === null ? null : printMailbox(m.envelope.returnPath),
      facts: JSON.stringify({
        envelope: m.envelope,
        session: m.session,
        eightBit: m.eightBit,
        account: m.account,
      }),
      trail: m.trail,
      head,
      staged: staging.number,
      body: held.length === 0 ? [] : [held],
      recipients: m.recipients,
      due: m.due ?? m.acceptedAt,
      lease,
      hold: m.hold ?? null,
      ...m.envelope.priority === undefined ? {} : { priority: m.envelope.priority },
      once: m.once ?? null,
      ...m.replicated === true ? { replicated: true } : {},
      ...m.copyOf === undefined ? {} : { copyOf: m.copyOf },
    };
    return { op, facts };
  }

  /** Straight to the relay: the database already says that it is ours. */
  #offer(m: NewMessage, op: CommitOp, facts: Facts, number: number): void {
    const rows = m.recipients.map((r, i): ClaimedRow => ({
      key: number * PER_MESSAGE + i,
      address: r.address,
      hop: r.hop,
      attempts: 0,
      due: m.acceptedAt,
      via: null,
      sender: op.account ?? op.returnPath ?? "",
      id: m.id,
      acceptedAt: m.acceptedAt,
      facts: "",
      size: facts.size,
      overdue: 0,
    }));
    const content = op.staged === null ? [op.head, ...op.body] : null;
    for (const d of groupClaims(rows, () => facts, content)) {
      this.#handOut(d);
      this.#ready.push(d);
    }
    if (content !== null) {
      this.#cache.set(m.id, { parts: content });
      this.#cached += facts.size;
    }
  }

  #handOut(d: Delivery): void {
    for (const r of d.recipients) {
      // leased once more: it was taken out of our hands and given back before we heard of it
      const old = this.#out.get(r.key);
      if (old !== undefined) this.#withdrawn.add(old);
      this.#out.set(r.key, r);
    }
  }

  #takeBack(r: LeasedRecipient): void {
    if (this.#out.get(r.key) === r) this.#out.delete(r.key);
    this.#withdrawn.delete(r);
  }

  /** What we believe to hold and do not is withdrawn; what is ours and nobody holds goes back into the queue. */
  #compare(keys: Float64Array): void {
    const ours = new Set(keys);
    for (const [key, r] of this.#out) if (!ours.has(key)) this.#withdrawn.add(r);
    const lost = Array.from(keys).filter((key) => !this.#out.has(key));
    if (lost.length === 0) return;
    this.#thread.submit({ op: "giveBack", keys: lost }, () => {
      this.#backlog = true;
      this.poll();
    });
  }

  readonly withdrawn = (r: LeasedRecipient): boolean =>
    this.#withdrawn.size > 0 && this.#withdrawn.has(r);

  #suppressed: ReadonlySet<string> = new Set();
  readonly suppressed = (address: string): boolean =>
    this.#suppressed.size > 0 && this.#suppressed.has(address.toLowerCase());

  #forget(id: string): void {
    const cached = this.#cache.get(id);
    if (cached === undefined) return;
    this.#cache.delete(id);
    for (const p of cached.parts) this.#cached -= p.length;
    cached.parts = [];
  }

  #awaken(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Something may have become due, or another process may have changed the queue. */
  poll(): void {
    this.#look = true;
    this.#awaken();
  }

  /** Leases of ours, `always` or where another process may have taken something out of our hands. */
  sweep(always: boolean): void {
    this.#thread.submit({ op: "ours", always }, (r) => {
      if (r.ok && r.value instanceof Float64Array) this.#compare(r.value);
    });
  }

  /** Another process may have changed something. */
  watch(): void {
    this.sweep(false);
    this.#thread.submit({ op: "suppressed" }, (r) => {
      if (r.ok && r.value instanceof Set) this.#suppressed = r.value;
    });
  }

  readonly take: Spool["Service"]["take"] = (limit, except) =>
    Effect.suspend(() => {
      if (except !== undefined) return this.#takeFew(limit, except);
      if (this.#look) {
        this.#look = false;
        const fair = this.#backlog;
        return Effect.flatMap(this.#claim({ op: "claim", limit, fair }), ({ rows, deliveries }) => {
          this.#backlog = rows === limit;
          if (this.#backlog) this.#look = true;
          return rows === 0 ? this.take(limit) : Effect.succeed(deliveries);
        });
      }
      return this.#ready.length > 0
        ? Effect.succeed(this.#ready.splice(0, limit))
        : Effect.flatMap(this.#sleep, () => this.take(limit));
    });

  /** Leases of a caller that stopped waiting go to the next one. */
  #claim(op: ClaimOp): Effect.Effect<Claimed, SpoolError> {
    return Effect.suspend(() => {
      let wanted = true;
      const claimed = this.#thread.run("claim", op, (value): Claimed => {
        const rows = value as ReadonlyArray<ClaimedRow>;
        const { whole, broken, factsOf } = legible(rows);
        if (broken.length > 0) {
          this.#log(reportBroken(broken));
          this.#thread.submit(setAside(broken), () => {});
        }
        const deliveries = groupClaims(whole, factsOf);
        for (const d of deliveries) this.#handOut(d);
        if (!wanted) {
          this.#ready.push(...deliveries);
          this.poll();
        }
        return { rows: rows.length, deliveries };
      });
      return Effect.onInterrupt(claimed, () =>
        Effect.sync(() => {
          wanted = false;
        }));
    });
  }

  /** What is in memory for other hops, else what is on disk for them. */
  #takeFew(
    limit: number,
    except: ReadonlyArray<string>,
  ): Effect.Effect<ReadonlyArray<Delivery>, SpoolError> {
    const fits = (d: Delivery): boolean => !except.includes(d.hop);
    const found = this.#ready.filter(fits).slice(0, limit);
    if (found.length > 0) {
      const taken = new Set(found);
      this.#ready = this.#ready.filter((d) => !taken.has(d));
      return Effect.succeed(found);
    }
    const claim = this.#claim({ op: "claim", limit, fair: true, except });
    return Effect.map(claim, ({ deliveries }) => deliveries);
  }

  readonly #sleep = Effect.callback<void>((resume) => {
    this.#wake = () => resume(Effect.void);
    return Effect.sync(() => {
      this.#wake = null;
    });
  });

  readonly read = (id: string): Effect.Effect<AsyncIterable<Uint8Array>, SpoolError> => {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return Effect.succeed(iterate(cached.parts));
    return Effect.map(
      this.#thread.run("read", { op: "read", id, chunk: -1 }),
      (first) => this.#chunks(id, first as ReadPart),
    );
  };

  async *#chunks(id: string, first: ReadPart): AsyncGenerator<Uint8Array> {
    const hash = first.digest === null ? null : createHash("sha256");
    for (let part = first;;) {
      for (const octets of part.parts) {
        hash?.update(octets);
        yield octets;
      }
      if (part.next === null) {
        if (hash !== null && part.digest !== null && !hash.digest().equals(part.digest)) {
          throw new SpoolFault({
            operation: "read",
            damaged: true,
            cause: new Error(`message ${id} is damaged: its checksum differs`),
          });
        }
        return;
      }
      part = await Effect.runPromise(
        this.#thread.run("read", { op: "read", id, chunk: part.next }),
      ) as ReadPart;
    }
  }

  readonly settle: Spool["Service"]["settle"] = (message, settlements, bounce) =>
    Effect.suspend(() => {
      if (bounce === undefined) return this.#settle([{ message, settlements }], null, () => {});
      const { op } = this.#commitOp(bounce, false);
      return this.#settle([{ message, settlements }], op, (kept) => {
        (bounce.body as DiskStaging).landed(kept);
        if (kept) this.poll();
      });
    });

  readonly settleAll: Spool["Service"]["settleAll"] = (settled) =>
    Effect.suspend(() => this.#settle(settled, null, () => {}));

  #settle(
    settled: ReadonlyArray<Settled>,
    bounce: CommitOp | null,
    landed: (recorded: boolean) => void,
  ): Effect.Effect<void, SpoolError> {
    const rows = settled.flatMap((s) => s.settlements.map(settledRow));
    return Effect.callback((resume) => {
      this.#thread.submit({ op: "settle", rows, bounce }, (r) => {
        landed(r.ok);
        if (!r.ok) return resume(Effect.fail(faultOf("settle", r)));
        this.#outbox?.stir();
        for (const { message, settlements } of settled) {
          this.#forget(message);
          for (const { recipient } of settlements) this.#takeBack(recipient);
        }
        resume(Effect.void);
      });
    });
  }

  readonly held = (account: string): Effect.Effect<number, SpoolError> =>
    Effect.map(this.#thread.run("held", { op: "held", account }), (n) => n as number);

  readonly giveBack = (d: Delivery): Effect.Effect<void, SpoolError> =>
    Effect.suspend(() =>
      this.#thread.run("giveBack", {
        op: "giveBack",
        // not what was leased once more since
        keys: d.recipients.filter((r) => this.#out.get(r.key) === r).map((r) => r.key),
      }, () => {
        this.#forget(d.message);
        for (const r of d.recipients) this.#takeBack(r);
        this.#backlog = this.#look = true;
      })
    );
}

/** So many rows, and what they come to. */
interface Claimed {
  readonly rows: number;
  readonly deliveries: ReadonlyArray<Delivery>;
}

const iterate = async function* (parts: ReadonlyArray<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const p of parts) yield p.slice();
};

const fault = (operation: string) => (cause: unknown) => new SpoolFault({ operation, cause });

/** Opens the database on its thread; closing the scope finishes what is under way and gives the leases back. */
export const spoolLayer = (
  settings: SpoolSettings,
): Layer.Layer<Spool | Outbox | Copies | SpoolState, SpoolFault> =>
  Layer.effectContext(
    Effect.gen(function* () {
      yield* Effect.try({
        try: () => mkdirSync(dirname(settings.path), { recursive: true, mode: 0o700 }),
        catch: fault("open"),
      });
      const thread = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseThread()),
        (t) => Effect.promise(() => t.close()),
      );
      const before = yield* Effect.tryPromise({
        try: () =>
          thread.open({
            open: settings.path,
            owner: crypto.randomUUID(),
            keepDays: settings.keepDays,
            leaseMs: LEASE_MS,
            ...settings.longestDelay === undefined ? {} : { longestDelayMs: settings.longestDelay },
            ...settings.suppress === undefined ? {} : { suppressMs: settings.suppress },
            onceMs: settings.onceMs ?? 0,
            ...settings.listeners === undefined ? {} : { listeners: settings.listeners },
            startHeld: settings.startHeld === true,
          }),
        catch: fault("open"),
      });
      yield* reportStart(before, settings.startHeld === true);
      const outbox = new SpoolOutbox(thread);
      const run = Effect.runForkWith(yield* Effect.context<never>());
      const log = (line: Effect.Effect<void>): void => void run(line);
      const spool = new SqliteSpool(thread, settings.listeners === undefined ? null : outbox, log);
      spool.watch();
      const troubles = new Troubles(log);
      yield* Effect.acquireRelease(
        Effect.sync(() => [
          setInterval(() => {
            spool.watch();
            spool.poll();
            thread.submit({ op: "lost" }, (r) => troubles.heard(r));
          }, POLL_MS),
          setInterval(() => {
            thread.submit({ op: "tick" }, (r) => troubles.ticked(r));
            spool.sweep(true);
          }, LEASE_MS / 3),
        ]),
        (timers) => Effect.sync(() => timers.forEach((t) => clearInterval(t))),
      );
      return Context.make(Spool, Spool.of(spool)).pipe(
        Context.add(Outbox, Outbox.of(outbox)),
        Context.add(Copies, copiesOn(thread)),
        Context.add(
          SpoolState,
          SpoolState.of({ sinceDownMs: before.sinceDownMs, trouble: () => troubles.now }),
        ),
      );
    }),
  );
