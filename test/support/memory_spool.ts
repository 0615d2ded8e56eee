/**
 * The spool in memory, for tests: the contract of `ports/spool.ts` without the disk.
 *
 * Nothing survives it; leases belong to the one process there is and never lapse.
 */
import { Clock, Context, Duration, Effect, Layer } from "effect";
import {
  type Committed,
  type Delivery,
  type DeliveryState,
  type LeasedRecipient,
  type NewMessage,
  type Outcome,
  type QueueDetail,
  type QueueEntry,
  type Settlement,
  Spool,
  SpoolAdmin,
  SpoolFault,
  type Staging,
} from "../../lib/ports/spool.ts";

interface Row {
  readonly key: number;
  readonly address: string;
  readonly hop: string;
  state: DeliveryState;
  attempts: number;
  due: number;
  lastReply: string | null;
  lastRemote: string | null;
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

/** The store itself, for tests that look inside or break it. */
export class MemorySpool {
  readonly #messages = new Map<string, Stored>();
  readonly #held = new Set<string>();
  #nextKey = 1;
  #wake: Set<() => void> = new Set();
  /** Fails the next so many `settle` calls. */
  failSettles = 0;
  /** Fails every `read`. */
  failReads = false;
  /** See `SpoolSettings`. */
  onceMs = 3_600_000;
  /** Octets per chunk that `read` gives. */
  chunkBytes = 65_536;

  readonly stage = (): Staging => new MemoryStaging();

  readonly commit = (message: NewMessage): Effect.Effect<Committed, SpoolFault> =>
    Effect.suspend(() => this.#known(message) ?? this.#keep(message));

  #known({ once, body, acceptedAt }: NewMessage): Effect.Effect<Committed> | null {
    if (once === undefined || !(body instanceof MemoryStaging)) return null;
    const same = body.text;
    for (
      const { message: { id, once: known, acceptedAt: at, body: other } } of this.#messages.values()
    ) {
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
      state: message.hold === undefined ? "queued" : "held",
      attempts: 0,
      due: message.due ?? message.acceptedAt,
      lastReply: null,
      lastRemote: null,
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

  readonly take = (limit: number): Effect.Effect<ReadonlyArray<Delivery>> =>
    Effect.gen({ self: this }, function* () {
      for (;;) {
        const now = yield* Clock.currentTimeMillis;
        const found = this.#lease(limit, now);
        if (found.length > 0) return found;
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

  #lease(limit: number, now: number): ReadonlyArray<Delivery> {
    const out: Array<Delivery> = [];
    for (const { message, rows } of this.#messages.values()) {
      const { hold, id } = message;
      if (hold === undefined || hold.until === null || hold.until > now) continue;
      for (const row of rows) if (row.state === "held") row.state = "queued";
      if (hold.then === "release") this.#held.delete(id);
    }
    for (const { message, content, rows } of this.#messages.values()) {
      const hops = new Map<string, Array<LeasedRecipient>>();
      for (const row of rows) {
        if (row.state !== "queued" || row.due > now) continue;
        if (!hops.has(row.hop) && out.length + hops.size >= limit) continue;
        row.state = "leased";
        const { key, address, attempts, due } = row;
        const list = hops.get(row.hop) ?? [];
        list.push({ key, address, attempts, due });
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
      const ours = settlements.flatMap(({ recipient, outcome }) => {
        const row = rows.find((r) => r.key === recipient.key);
        return row?.state === "leased" ? [{ row, outcome }] : [];
      });
      if (bounce !== undefined && ours.length > 0) yield* this.#keep(bounce);
      for (const { row, outcome } of ours) settleRow(row, outcome, now);
      this.#stir();
    });

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
      this.#stir();
    });

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
        lastReply: r.lastReply,
        lastRemote: r.lastRemote,
        lastAt: r.lastAt,
      })),
      hold: message.hold !== undefined && this.#held.has(message.id)
        ? { reason: message.hold.reason, until: message.hold.until, then: message.hold.then }
        : null,
    };
  }

  readonly list = (o: { readonly all: boolean }): Effect.Effect<ReadonlyArray<QueueEntry>> =>
    Effect.sync(() =>
      Array.from(this.#messages.values())
        .filter((m) => o.all || m.rows.some((r) => LIVE.includes(r.state)))
        .map((m) => this.#entry(m))
    );

  readonly show = (id: string): Effect.Effect<QueueDetail | null> =>
    Effect.sync(() => {
      const stored = this.#messages.get(id);
      if (stored === undefined) return null;
      const { envelope, session, trail, head } = stored.message;
      return { ...this.#entry(stored), envelope, session, trail, head };
    });

  /** Content as stored, one char per octet; for assertions. */
  text(id: string): string {
    return Array.from(this.#messages.get(id)?.content ?? [], (b) => String.fromCharCode(b)).join(
      "",
    );
  }

  #change(
    id: string,
    from: ReadonlyArray<DeliveryState>,
    change: (row: Row, now: number) => void,
  ): Effect.Effect<number> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      const rows = id === "all" ? this.#rows() : this.#messages.get(id)?.rows ?? [];
      const touched = rows.filter((r) =>
        from.includes(r.state) && (change !== makeDue || !waits(r, now))
      );
      for (const row of touched) change(row, now);
      this.#stir();
      return touched.length;
    });
  }

  readonly retry = (id: string): Effect.Effect<number> => this.#change(id, ["queued"], makeDue);
  readonly hold = (id: string): Effect.Effect<number> =>
    this.#change(id, ["queued"], (row) => {
      row.state = "held";
    });
  readonly release = (id: string): Effect.Effect<number> =>
    Effect.suspend(() => {
      if (id === "all") this.#held.clear();
      else this.#held.delete(id);
      return this.#change(id, ["held"], (row, now) => {
        row.state = "queued";
        if (row.attempts > 0 || row.due < now) row.due = now;
      });
    });
  readonly heldBy = (token: string): Effect.Effect<string | null> =>
    Effect.sync(() => {
      for (const { message } of this.#messages.values()) {
        if (message.hold?.token === token && this.#held.has(message.id)) return message.id;
      }
      return null;
    });
  readonly redeem = (token: string, then: "release" | "cancel"): Effect.Effect<number> =>
    Effect.suspend(() => {
      return Effect.flatMap(this.heldBy(token), (id) => {
        if (id === null) return Effect.succeed(0);
        return then === "release" ? this.release(id) : this.remove(id);
      });
    });
  readonly remove = (id: string): Effect.Effect<number> =>
    Effect.sync(() => {
      const rows = this.#messages.get(id)?.rows ?? [];
      this.#messages.delete(id);
      return rows.filter((r) => LIVE.includes(r.state)).length;
    });

  readonly layer: Layer.Layer<Spool | SpoolAdmin> = Layer.succeedContext(
    Context.make(Spool, Spool.of(this)).pipe(Context.add(SpoolAdmin, SpoolAdmin.of(this))),
  );
}

const makeDue = (row: Row, now: number): void => {
  row.due = now;
};

/** Its time has not come. RFC 4865 §4.2 */
const waits = (r: Row, now: number): boolean =>
  r.state === "queued" && r.attempts === 0 && r.due > now;

const settleRow = (row: Row, outcome: Outcome, now: number): void => {
  row.attempts++;
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
export const memorySpoolLayer = (): Layer.Layer<Spool | SpoolAdmin> => new MemorySpool().layer;
