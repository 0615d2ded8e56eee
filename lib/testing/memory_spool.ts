/**
 * The spool in memory, for tests: the contract of `ports/spool.ts` without the disk.
 *
 * Nothing survives it; leases belong to the one process there is and never lapse.
 */
import { Clock, Context, Duration, Effect, Layer } from "effect";
import {
  AT_ONCE,
  type Committed,
  type Delivery,
  type DeliveryState,
  type LeasedRecipient,
  type NewMessage,
  type Outcome,
  type QueueDetail,
  type QueueEntry,
  type QueueEvent,
  type Settled,
  type Settlement,
  Spool,
  SpoolFault,
  type Staging,
} from "../ports/spool.ts";
import {
  type Change,
  type Changed,
  type Listing,
  type QueueCount,
  type Selection,
  SpoolAdmin,
  type Suppression,
} from "../ports/spool_admin.ts";
import { type Attempt, readAttempt } from "../ports/attempt.ts";
import type { Cancellation } from "../ports/cancellation.ts";
import { printMailbox } from "../address/mailbox.ts";
import { CommitTrouble, SLOW_MS, type Trouble } from "./commit_trouble.ts";

interface Row {
  readonly key: number;
  address: string;
  hop: string;
  via: string | null;
  status: string | null;
  state: DeliveryState;
  attempts: number;
  due: number;
  lastReply: string | null;
  lastRemote: string | null;
  lastAttempt: Attempt | null;
  lastAt: number | null;
}

interface Stored {
  readonly message: NewMessage;
  readonly content: Uint8Array;
  readonly rows: ReadonlyArray<Row>;
}

class MemoryStaging implements Staging {
  readonly #chunks: Array<Uint8Array> = [];
  #gone = false;

  readonly write = (chunk: Uint8Array): Effect.Effect<void, SpoolFault> =>
    this.#gone
      ? Effect.fail(new SpoolFault({ operation: "write", cause: "discarded" }))
      : Effect.sync(() => void this.#chunks.push(chunk));

  readonly part = (index: number): Effect.Effect<Uint8Array | null> =>
    Effect.succeed(this.#chunks[index] ?? null);

  /** What was written, for comparison. */
  get text(): string {
    return this.#chunks.map((c) => new TextDecoder("latin1").decode(c)).join("");
  }

  discard(): void {
    this.#gone = true;
    this.#chunks.length = 0;
  }

  /** Head and body in one piece; the staging is used up. Null where it was discarded or used before. */
  take(head: string): Uint8Array | null {
    if (this.#gone) return null;
    this.#gone = true;
    const parts = [Uint8Array.from(head, (c) => c.charCodeAt(0)), ...this.#chunks];
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }
}

const LIVE: ReadonlyArray<DeliveryState> = ["queued", "leased", "held"];
const LOST: ReadonlyArray<DeliveryState> = ["failed", "expired", "removed"];

const troubled = (cause: string) => Effect.fail(new SpoolFault({ operation: "commit", cause }));

class MemoryTrouble {
  #trouble: Trouble | null = null;
  readonly #waiting = new Set<() => void>();

  readonly begin = (t: Trouble): Effect.Effect<Effect.Effect<void>> =>
    Effect.sync(() => {
      this.#trouble = t;
      return Effect.sync(() => {
        this.#trouble = null;
        for (const go of this.#waiting) go();
        this.#waiting.clear();
      });
    });

  /** Done once a commit may go on. */
  pass(cancellation: Cancellation | undefined): Effect.Effect<void, SpoolFault> {
    return Effect.suspend(() => {
      switch (this.#trouble) {
        case null:
          return Effect.void;
        case "waits":
          return Effect.callback((resume) => {
            const go = () => resume(Effect.void);
            this.#waiting.add(go);
            cancellation?.onRequest(() => {
              if (this.#waiting.delete(go)) resume(troubled("called off"));
            });
          });
        case "slow":
          return Effect.sleep(SLOW_MS);
        default:
          return troubled("out of order");
      }
    });
  }
}

/** The store itself, for tests that look inside or break it. */
export class MemorySpool {
  readonly #messages = new Map<string, Stored>();
  readonly #held = new Set<string>();
  #nextKey = 1;
  #wake: Set<() => void> = new Set();
  readonly #history: Array<QueueEvent & { readonly id: string }> = [];
  readonly #out = new Map<number, LeasedRecipient>();
  readonly #withdrawn = new Set<LeasedRecipient>();
  /** Fails the next so many `settle` calls. */
  failSettles = 0;
  /** Fails every `read`. */
  failReads = false;
  /** See `SpoolSettings`. */
  onceMs = 3_600_000;
  /** Octets per chunk that `read` gives. */
  chunkBytes = 65_536;

  readonly stage = (): Staging => new MemoryStaging();

  /** What is in the way of commits. */
  readonly trouble = new MemoryTrouble();

  readonly commit = (
    message: NewMessage,
    cancellation?: Cancellation,
  ): Effect.Effect<Committed, SpoolFault> =>
    Effect.uninterruptible(Effect.andThen(
      Effect.tapError(
        this.trouble.pass(cancellation),
        () => Effect.sync(() => message.body.discard()),
      ),
      Effect.suspend(() => this.#known(message) ?? this.#keep(message)),
    ));

  #known({ once, body, acceptedAt }: NewMessage): Effect.Effect<Committed> | null {
    if (once === undefined || !(body instanceof MemoryStaging)) return null;
    const same = body.text;
    for (
      const { message: { id, once: known, acceptedAt: at, body: other }, rows } of this.#messages
        .values()
    ) {
      if (rows.some((r) => LOST.includes(r.state))) continue;
      const fresh = acceptedAt - at < this.onceMs;
      if (
        fresh && known?.key === once.key && other instanceof MemoryStaging && other.text === same
      ) {
        body.discard();
        return Effect.succeed({ _tag: "Known", id });
      }
    }
    return null;
  }

  #keep(message: NewMessage): Effect.Effect<Committed, SpoolFault> {
    const content = message.body instanceof MemoryStaging ? message.body.take(message.head) : null;
    if (content === null || this.#messages.has(message.id)) {
      return Effect.fail(new SpoolFault({ operation: "commit", cause: "staging or id is used" }));
    }
    const rows = message.recipients.map(({ address, hop }): Row => ({
      key: this.#nextKey++,
      address,
      hop,
      via: null,
      status: null,
      state: message.hold === undefined ? "queued" : "held",
      attempts: 0,
      due: message.due ?? message.acceptedAt,
      lastReply: null,
      lastRemote: null,
      lastAttempt: null,
      lastAt: null,
    }));
    this.#messages.set(message.id, { message, content, rows });
    if (message.hold !== undefined) this.#held.add(message.id);
    this.#stir();
    return Effect.succeed({ _tag: "Kept" });
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = new Set();
    for (const w of wake) w();
  }

  readonly take = (
    limit: number,
    except?: ReadonlyArray<string>,
  ): Effect.Effect<ReadonlyArray<Delivery>> =>
    Effect.gen({ self: this }, function* () {
      for (;;) {
        const now = yield* Clock.currentTimeMillis;
        const found = this.#lease(limit, now, except ?? []);
        if (found.length > 0 || except !== undefined) return found;
        const due = [
          ...this.#rows().filter((r) => r.state === "queued").map((r) => r.due),
          ...Array.from(this.#messages.values()).flatMap(({ message: { id, hold } }) =>
            hold === undefined || hold.until === null || !this.#held.has(id) ? [] : [hold.until]
          ),
        ];
        const soon = due.length === 0 ? 3_600_000 : Math.max(1, Math.min(...due) - now);
        yield* Effect.timeoutOption(this.#stirred, Duration.millis(soon));
      }
    });

  readonly #stirred: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => resume(Effect.void);
    this.#wake.add(wake);
    return Effect.sync(() => void this.#wake.delete(wake));
  });

  #rows(): ReadonlyArray<Row> {
    return Array.from(this.#messages.values()).flatMap((m) => m.rows);
  }

  #lease(limit: number, now: number, except: ReadonlyArray<string>): ReadonlyArray<Delivery> {
    const out: Array<Delivery> = [];
    for (const { message, rows } of this.#messages.values()) {
      const { hold, id } = message;
      if (hold === undefined || hold.until === null || hold.until > now || !this.#held.has(id)) {
        continue;
      }
      for (const row of rows) if (row.state === "held") row.state = "queued";
      if (hold.then === "release") this.#held.delete(id);
    }
    for (const { message, content, rows } of this.#messages.values()) {
      const hops = new Map<string, Array<LeasedRecipient>>();
      for (const row of rows) {
        if (row.state !== "queued" || row.due > now || except.includes(row.hop)) continue;
        if (!hops.has(row.hop) && out.length + hops.size >= limit) continue;
        row.state = "leased";
        const { key, address, attempts, due, via } = row;
        const list = hops.get(row.hop) ?? [];
        const leased = { key, address, attempts, due, ...via === null ? {} : { via } };
        this.#out.set(key, leased);
        list.push(leased);
        hops.set(row.hop, list);
      }
      for (const [hop, recipients] of hops) {
        const { id, acceptedAt, envelope, eightBit, account } = message;
        out.push({
          message: id,
          acceptedAt,
          envelope,
          size: content.length,
          eightBit,
          account,
          hop,
          sender: message.account ?? "",
          content: null,
          recipients,
          ...(this.#held.has(id) ? { overdue: true } : {}),
        });
      }
    }
    return out;
  }

  readonly read = (id: string): Effect.Effect<AsyncIterable<Uint8Array>, SpoolFault> =>
    Effect.suspend(() => {
      const stored = this.#messages.get(id);
      if (stored === undefined || this.failReads) {
        return Effect.fail(new SpoolFault({ operation: "read", cause: "not readable" }));
      }
      return Effect.succeed(inChunks(stored.content, this.chunkBytes));
    });

  readonly settle = (
    id: string,
    settlements: ReadonlyArray<Settlement>,
    bounce?: NewMessage,
  ): Effect.Effect<void, SpoolFault> =>
    Effect.gen({ self: this }, function* () {
      if (this.failSettles > 0) {
        this.failSettles--;
        return yield* new SpoolFault({ operation: "settle", cause: "told to fail" });
      }
      const now = yield* Clock.currentTimeMillis;
      const rows = this.#messages.get(id)?.rows ?? [];
      const ours = settlements.flatMap((s) => {
        const row = rows.find((r) => r.key === s.recipient.key);
        return row?.state === "leased" ? [{ row, ...s }] : [];
      });
      if (bounce !== undefined && ours.length > 0) yield* this.#keep(bounce);
      for (const { row, outcome, hop, attempt } of ours) {
        settleRow(row, outcome, now);
        row.hop = hop ?? row.hop;
        row.lastAttempt = readAttempt(attempt ?? null).attempt;
        if (outcome._tag === "Deferred") {
          const { status, reply, remote } = outcome;
          const { address } = row;
          const event = { id, address, at: now, what: "deferred", status, reply, remote } as const;
          this.#history.push({ ...event, attempt: row.lastAttempt });
        }
      }
      for (const { recipient, outcome } of settlements) {
        this.#withdrawn.delete(recipient);
        const row = rows.find((r) => r.key === recipient.key);
        const late = row?.state === "held" || row?.state === "removed";
        if (row !== undefined && late && outcome._tag === "Delivered") settleRow(row, outcome, now);
      }
      this.#stir();
    });

  readonly settleAll = (settled: ReadonlyArray<Settled>): Effect.Effect<void, SpoolFault> =>
    Effect.forEach(settled, (s) => this.settle(s.message, s.settlements), { discard: true });

  readonly held = (account: string): Effect.Effect<number> =>
    Effect.map(
      Clock.currentTimeMillis,
      (now) =>
        Array.from(this.#messages.values()).filter((m) =>
          m.message.account === account && m.rows.some((r) => waits(r, now))
        ).length,
    );

  readonly giveBack = (delivery: Delivery): Effect.Effect<void> =>
    Effect.sync(() => {
      const keys = delivery.recipients.map((r) => r.key);
      for (const row of this.#messages.get(delivery.message)?.rows ?? []) {
        if (row.state === "leased" && keys.includes(row.key)) row.state = "queued";
      }
      for (const r of delivery.recipients) this.#withdrawn.delete(r);
      this.#stir();
    });

  readonly withdrawn = (r: LeasedRecipient): boolean => this.#withdrawn.has(r);

  readonly #suppressions = new Map<string, Suppression>();
  readonly suppressed = (address: string): boolean => this.#suppressions.has(address.toLowerCase());
  readonly suppressions = Effect.sync((): ReadonlyArray<Suppression> => [
    ...this.#suppressions.values(),
  ]);
  readonly suppress = (s: Suppression): Effect.Effect<void> =>
    Effect.sync(() => {
      const address = s.address.toLowerCase();
      this.#suppressions.set(address, { ...s, address });
    });
  readonly unsuppress = (address: string): Effect.Effect<boolean> =>
    Effect.sync(() => this.#suppressions.delete(address.toLowerCase()));

  #entry({ message, content, rows }: Stored): QueueEntry {
    const { returnPath } = message.envelope;
    return {
      id: message.id,
      acceptedAt: message.acceptedAt,
      account: message.account,
      returnPath: returnPath === null ? null : `${returnPath.local}@${returnPath.domain.text}`,
      size: content.length,
      recipients: rows.map((r) => ({
        address: r.address,
        hop: r.hop,
        state: r.state,
        attempts: r.attempts,
        due: r.state === "queued" ? r.due : null,
        status: r.status,
        via: r.via,
        lastReply: r.lastReply,
        lastRemote: r.lastRemote,
        lastAttempt: r.lastAttempt,
        lastAt: r.lastAt,
      })),
      hold: message.hold !== undefined && this.#held.has(message.id)
        ? { reason: message.hold.reason, until: message.hold.until, then: message.hold.then }
        : null,
    };
  }

  readonly list = (o: Listing): Effect.Effect<ReadonlyArray<QueueEntry>> =>
    Effect.sync(() => {
      const keys = new Set(this.#selected(o.selection ?? {}));
      return Array.from(this.#messages.values())
        .filter((m) => m.rows.some((r) => keys.has(r) && (o.all || LIVE.includes(r.state))))
        .slice(0, o.limit)
        .map((m) => this.#entry(m));
    });

  readonly walk = (o: Listing, visit: (e: QueueEntry) => void): Effect.Effect<number> =>
    Effect.map(this.list({ all: o.all, ...o.selection && { selection: o.selection } }), (all) => {
      const shown = all.slice(0, o.limit);
      shown.forEach(visit);
      return all.length - shown.length;
    });

  readonly count: Effect.Effect<ReadonlyArray<QueueCount>> = Effect.sync(() => {
    const counts = new Map<string, QueueCount>();
    for (const { hop, state, due } of this.#rows().filter((r) => LIVE.includes(r.state))) {
      const known = counts.get(`${hop} ${state}`);
      counts.set(`${hop} ${state}`, {
        hop,
        state,
        recipients: (known?.recipients ?? 0) + 1,
        due: state === "queued" ? Math.min(known?.due ?? Infinity, due) : null,
      });
    }
    return [...counts.values()];
  });

  readonly show = (id: string): Effect.Effect<QueueDetail | null> =>
    Effect.sync(() => {
      const stored = this.#messages.get(id);
      if (stored === undefined) return null;
      const { envelope, session, trail, head } = stored.message;
      const history = this.#history.filter((h) => h.id === id);
      return { ...this.#entry(stored), history, envelope, session, trail, head };
    });

  /** Content as stored, one char per octet; for assertions. */
  text(id: string): string {
    return Array.from(this.#messages.get(id)?.content ?? [], (b) => String.fromCharCode(b)).join(
      "",
    );
  }

  /** As far as tests need it. */
  #selected(s: Selection): ReadonlyArray<Row> {
    const meets = (pattern: string | undefined, value: string | null): boolean =>
      pattern === undefined || (pattern === "" ? value === null : value !== null &&
        new RegExp(
          `^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`,
          "i",
        ).test(value));
    return Array.from(this.#messages.values()).flatMap((stored) => {
      const { id, acceptedAt, account, returnPath } = this.#entry(stored);
      const fits = (s.id === undefined || s.id === id) && meets(s.sender, returnPath) &&
        meets(s.account, account) && (s.before === undefined || acceptedAt < s.before) &&
        (s.after === undefined || acceptedAt > s.after);
      return !fits
        ? []
        : stored.rows.filter((r) =>
          meets(s.recipient, r.address) && meets(s.hop, r.hop) &&
          (s.domain === undefined || s.domain.some((d) => meets(`*@${d}`, r.address))) &&
          (s.states === undefined || s.states.includes(r.state))
        );
    });
  }

  readonly change = (
    change: Change,
    selection: Selection,
    o?: { readonly dryRun: boolean },
  ): Effect.Effect<Changed> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const from: ReadonlyArray<DeliveryState> = change._tag === "Retry"
        ? ["queued"]
        : change._tag === "Hold"
        ? ["queued", "leased"]
        : change._tag === "Release"
        ? ["held"]
        : LIVE;
      const rows = this.#selected(selection).filter((r) =>
        from.includes(r.state) && (change._tag !== "Retry" || !waits(r, now))
      );
      const messages = Array.from(this.#messages.values()).filter((m) =>
        m.rows.some((r) => rows.includes(r))
      ).map((m) => m.message.id);
      const leased = rows.filter((r) => this.#out.has(r.key) && r.state === "leased").length;
      if (o?.dryRun !== true) {
        for (const row of rows) {
          const out = this.#out.get(row.key);
          if (row.state === "leased" && out !== undefined) this.#withdrawn.add(out);
          changeRow(row, change, now);
        }
        for (const id of messages) {
          const live = this.#messages.get(id)?.rows.some((r) => LIVE.includes(r.state));
          if (change._tag === "Release" || change._tag === "Hold" || !live) this.#held.delete(id);
        }
        this.#stir();
      }
      return { recipients: rows.length, messages, leased };
    });

  readonly underWay = () => Effect.succeed(0);

  readonly heldBy = (token: string): Effect.Effect<string | null> =>
    Effect.sync(() => {
      for (const { message } of this.#messages.values()) {
        if (message.hold?.token === token && this.#held.has(message.id)) return message.id;
      }
      return null;
    });
  readonly content = (id: string, visit: (piece: Uint8Array | null) => void) =>
    Effect.sync(() => {
      const stored = this.#messages.get(id);
      if (stored !== undefined) visit(stored.content);
      return stored !== undefined;
    });
  readonly redeem = (token: string, then: "release" | "cancel"): Effect.Effect<Changed> =>
    Effect.flatMap(
      this.heldBy(token),
      (id) =>
        id === null
          ? Effect.succeed({ recipients: 0, messages: [], leased: 0 })
          : this.change({ _tag: then === "release" ? "Release" : "Remove" }, { id }),
    );

  readonly layer: Layer.Layer<Spool | SpoolAdmin | CommitTrouble> = Layer.succeedContext(
    Context.make(Spool, Spool.of(this)).pipe(
      Context.add(SpoolAdmin, SpoolAdmin.of(this)),
      Context.add(CommitTrouble, CommitTrouble.of(this.trouble)),
    ),
  );
}

const changeRow = (row: Row, change: Change, now: number): void => {
  const soon = () => {
    if (row.attempts > 0 || row.due < now) row.due = now;
  };
  switch (change._tag) {
    case "Retry":
      row.due = AT_ONCE;
      return;
    case "Hold":
      row.state = "held";
      return;
    case "Release":
      row.state = "queued";
      return soon();
    case "Remove":
      row.state = "removed";
      return;
    case "Reroute":
    case "Edit":
      if (row.state !== "held") row.state = "queued";
      if (change._tag === "Edit") row.address = printMailbox(change.to);
      else row.via = change.via?.text ?? null;
      row.hop = change._tag === "Edit" ? change.hop : change.via?.hop ?? row.hop;
      return soon();
  }
};

/** Its time has not come. RFC 4865 §4.2 */
const waits = (r: Row, now: number): boolean =>
  r.state === "queued" && r.attempts === 0 && r.due > now;

const settleRow = (row: Row, outcome: Outcome, now: number): void => {
  row.attempts++;
  row.status = outcome._tag === "Delivered" ? null : outcome.status;
  row.lastReply = outcome.reply;
  row.lastRemote = outcome.remote;
  row.lastAt = now;
  switch (outcome._tag) {
    case "Delivered":
      row.state = "delivered";
      return;
    case "Failed":
      row.state = "failed";
      return;
    case "Expired":
      row.state = "expired";
      return;
    case "Damaged":
      row.state = "damaged";
      return;
    case "Deferred":
      row.state = "queued";
      row.due = outcome.until;
  }
};

async function* inChunks(octets: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) {
    await Promise.resolve();
    yield octets.slice(at, at + size);
  }
}

/** A fresh, empty store. */
export const memorySpoolLayer = (): Layer.Layer<Spool | SpoolAdmin | CommitTrouble> =>
  new MemorySpool().layer;
