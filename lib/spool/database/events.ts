/**
 * The table of events, on whichever connection: written in the transaction that changes the queue, and deleted once
 * every listener has taken them.
 */
import { readAttempt } from "../../ports/attempt.ts";
import type { EventKind, Listeners, NewEvent, OutboxPage } from "../../ports/outbox.ts";
import type { Sql } from "./transaction.ts";
import type { CommitOp, SettledRow } from "./protocol.ts";
import { unlessCorrupt } from "./content.ts";
import { range } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

const KIND: Readonly<Record<number, "delivered" | "deferred" | "bounced">> = {
  [STATE.queued]: "deferred",
  [STATE.delivered]: "delivered",
  [STATE.failed]: "bounced",
  [STATE.expired]: "bounced",
  [STATE.damaged]: "bounced",
};

export class EventStore {
  readonly #sql: Sql;
  /** Kinds that somebody listens for. */
  #kinds: ReadonlySet<EventKind>;
  #bounds: Pick<Listeners, "keepMs" | "most"> | null = null;

  /** The database itself holds the listeners, so that every process that changes the queue writes events. */
  constructor(sql: Sql) {
    this.#sql = sql;
    const kinds = sql("SELECT kinds FROM event_sink LIMIT 1").get()?.["kinds"];
    this.#kinds = new Set(typeof kinds === "string" ? JSON.parse(kinds) : []);
  }

  /** False: nobody listens, and nothing is to be done. */
  get on(): boolean {
    return this.#kinds.size > 0;
  }

  /** From now on these listen and nobody else. Who is new hears what happens from now on. */
  listen(l: Listeners | null): void {
    const names = l === null || l.kinds.length === 0 ? [] : l.names;
    const kinds = names.length === 0 ? [] : l?.kinds ?? [];
    for (const { name } of this.#sql("SELECT name FROM event_sink").all()) {
      if (!names.includes(name as string)) {
        this.#sql("DELETE FROM event_sink WHERE name = ?").run(name as string);
      }
    }
    for (const name of names) {
      this.#sql(
        "INSERT INTO event_sink (name, kinds, seq) VALUES (?, ?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)) ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds",
      ).run(name, JSON.stringify(kinds));
    }
    this.#sweep();
    this.#kinds = new Set(kinds);
    this.#bounds = l;
  }

  accepted(m: CommitOp): void {
    if (m.account === null || m.copyOf !== undefined) return;
    const recipients = m.recipients.map((r) => r.address);
    const { id: message, account, returnPath, hold, acceptedAt } = m;
    const durability = m.replicated === true ? "replicated" : "spool";
    const kept = { returnPath, recipients, durability } as const;
    this.#add(acceptedAt, { event: "accepted", message, account, ...kept });
    if (!hold) return;
    const { reason, then } = hold;
    const until = hold.until === null ? null : iso(hold.until);
    this.#add(acceptedAt, { event: "held", message, recipients, reason, until, then });
  }

  /** By an operator, or released since its time was over. */
  moved(what: "held" | "released" | "removed", now: number, keys: ReadonlyArray<number>): void {
    for (const [message, recipients] of this.#addresses(keys)) {
      this.#add(
        now,
        what === "held"
          ? { event: what, message, recipients, reason: null, until: null, then: null }
          : { event: what, message, recipients },
      );
    }
  }

  /** A hold that ended by itself. */
  releasedAll(number: number, now: number): void {
    const { first, end } = range(number);
    const rows = this.#sql(
      `SELECT key FROM recipient WHERE key >= ? AND key < ? AND state = ${STATE.queued}`,
    ).all(first, end);
    this.moved("released", now, rows.map((r) => r["key"] as number));
  }

  /** What was just recorded of a recipient. */
  settled(r: SettledRow, now: number): void {
    const event = KIND[r.state];
    const row = this.#messageOf(r.key);
    if (event === undefined || row === undefined) return;
    this.#add(now, {
      event,
      message: row["id"] as string,
      recipient: row["address"] as string,
      hop: row["hop"] as string,
      remote: readAttempt(r.remote).text || null,
      expired: r.state === STATE.expired,
      status: r.status ?? /\b2\.\d{1,3}\.\d{1,3}\b/.exec(r.reply ?? "")?.[0] ?? "2.0.0",
      reply: r.reply ?? "",
      attempts: row["attempts"] as number,
      next: r.state === STATE.queued ? iso(r.due) : null,
    });
  }

  /** Of which message it is; undefined where that cannot be read any more. */
  #messageOf(key: number) {
    return unlessCorrupt(() =>
      this.#sql(
        `SELECT m.id AS id, r.address AS address, r.hop AS hop, r.attempts AS attempts
         FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE} WHERE r.key = ?`,
      ).get(key)
    );
  }

  /** Messages of these recipients, with their addresses. */
  #addresses(keys: ReadonlyArray<number>): ReadonlyMap<string, ReadonlyArray<string>> {
    const found = new Map<string, Array<string>>();
    for (const key of keys) {
      const row = this.#sql(
        `SELECT m.id AS id, r.address AS address FROM recipient r JOIN message m ON m.number = r.key / ${PER_MESSAGE} WHERE r.key = ?`,
      ).get(key);
      if (row === undefined) continue;
      const id = row["id"] as string;
      found.set(id, [...found.get(id) ?? [], row["address"] as string]);
    }
    return found;
  }

  add(at: number, events: ReadonlyArray<NewEvent>): void {
    for (const told of events) this.#add(at, told);
  }

  #add(at: number, told: NewEvent): void {
    if (!this.#kinds.has(told.event)) return;
    const event = { id: crypto.randomUUID(), at: iso(at), ...told };
    this.#sql("INSERT INTO event (at, json) VALUES (?, ?)").run(at, JSON.stringify(event));
  }

  /** None for whom another running process tells. */
  next(name: string, limit: number, owner: string, now: number): OutboxPage {
    const sink = this.#sql(
      "SELECT seq, dropped, owner, EXISTS (SELECT 1 FROM owner o WHERE o.id = event_sink.owner AND o.alive_until >= ?) AS alive FROM event_sink WHERE name = ?",
    ).get(now, name);
    const other = sink !== undefined && sink["owner"] !== owner;
    if (sink === undefined || (other && sink["alive"] === 1)) {
      return { events: [], upTo: 0, dropped: 0 };
    }
    if (other) this.#sql("UPDATE event_sink SET owner = ? WHERE name = ?").run(owner, name);
    const rows = this.#sql("SELECT seq, json FROM event WHERE seq > ? ORDER BY seq LIMIT ?").all(
      sink["seq"] as number,
      limit,
    );
    return {
      events: rows.map((r) => r["json"] as string),
      upTo: (rows.at(-1)?.["seq"] ?? sink["seq"]) as number,
      dropped: sink["dropped"] as number,
    };
  }

  taken(name: string, { upTo, dropped }: OutboxPage, owner: string): void {
    this.#sql(
      "UPDATE event_sink SET seq = max(seq, ?), dropped = max(0, dropped - ?) WHERE name = ? AND owner = ?",
    ).run(upTo, dropped, name, owner);
    this.#sweep();
  }

  #sweep(): void {
    this.#sql(
      "DELETE FROM event WHERE seq <= coalesce((SELECT min(seq) FROM event_sink), (SELECT max(seq) FROM event))",
    ).run();
  }

  /** What is too old or too much goes; returns how many events somebody misses by that. */
  trim(now: number, justBack: boolean): number {
    if (this.#bounds === null || !this.on) return 0;
    const { keepMs, most } = this.#bounds;
    const [first] = this.#sql("SELECT seq, at FROM event ORDER BY seq LIMIT 1").all();
    const newest = this.#sql("SELECT max(seq) AS seq FROM event").get()?.["seq"];
    if (first === undefined) return 0;
    // numbers follow each other without gaps
    const many = Number(newest) - most;
    // of what grew old while no process ran, receivers get a chance
    const old = justBack || Number(first["at"]) >= now - keepMs ? 0 : Number(
      this.#sql("SELECT max(seq) AS seq FROM event WHERE at < ?").get(now - keepMs)?.["seq"],
    );
    const last = Math.max(old, many);
    if (last < Number(first["seq"])) return 0;
    let missed = 0;
    for (const s of this.#sql("SELECT name, seq FROM event_sink WHERE seq < ?").all(last)) {
      const n = Number(
        this.#sql("SELECT count(*) AS n FROM event WHERE seq > ? AND seq <= ?").get(
          s["seq"] as number,
          last,
        )?.["n"],
      );
      missed = Math.max(missed, n);
      this.#sql("UPDATE event_sink SET seq = ?, dropped = dropped + ? WHERE name = ?").run(
        last,
        n,
        s["name"] as string,
      );
    }
    this.#sweep();
    return missed;
  }

  /** This process tells nobody any more. */
  release(owner: string): void {
    this.#sql("UPDATE event_sink SET owner = NULL WHERE owner = ?").run(owner);
  }
}
