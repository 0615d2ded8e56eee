/** What an operator does to the spool, on a connection of its own; a running server notices within a second. */
import { Buffer } from "node:buffer";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Clock, Effect, Layer } from "effect";
import { readAttempt } from "../ports/attempt.ts";
import {
  type DeliveryState,
  type QueueDetail,
  type QueueEntry,
  type QueueEvent,
  type QueueHold,
  type QueueRecipient,
  type SpoolError,
  SpoolFault,
} from "../ports/spool.ts";
import {
  type Listing,
  type QueueCount,
  SpoolAdmin,
  type Suppression,
} from "../ports/spool_admin.ts";
import { openDatabase } from "./database/database.ts";
import { range } from "./database/number_ranges.ts";
import { changeQueue, IN_HANDS, redeem, underWay } from "./database/change.ts";
import { readFacts } from "./database/claims.ts";
import { rescue, unlessCorrupt } from "./database/content.ts";
import { heldBy } from "./database/holds.ts";
import { PER_MESSAGE, STATE } from "./database/schema.ts";
import { selected } from "./database/selected.ts";

type Row = Record<string, unknown>;

const STATE_NAMES = Object.keys(STATE) as ReadonlyArray<DeliveryState>;
/** What somebody may have to see to. */
const UNFINISHED: ReadonlyArray<DeliveryState> = ["queued", "leased", "held", "damaged"];

const recipientOf = (row: Row): QueueRecipient => {
  const { text, attempt } = readAttempt(row["remote"] as string | null);
  const state = STATE_NAMES[row["state"] as number] ?? "queued";
  return {
    address: row["address"] as string,
    hop: row["hop"] as string,
    state,
    attempts: row["attempts"] as number,
    due: state === "queued" ? (row["due"] || row["at"]) as number : null,
    status: row["status"] as string | null,
    lastReply: row["reply"] as string | null,
    lastRemote: text,
    lastAttempt: attempt,
    lastAt: row["at"] as number | null,
    via: row["via"] as string | null,
    underWay: row["held"] === 1 && (state === "held" || state === "removed"),
  };
};

/** Of a message; one that is broken on the disk keeps its number, and others are listed behind it. */
const rowOf = (message: StatementSync, number: number): Row =>
  unlessCorrupt(() => message.get(number)) ??
    { id: `number ${number}`, accepted_at: 0, account: null, return_path: null, size: 0 };

const holdOf = (row: Row | undefined): QueueHold | null =>
  row === undefined ? null : {
    reason: row["reason"] as string,
    until: row["until"] as number | null,
    then: row["expires"] === 1 ? "expire" : "release",
  };

const entryOf = (
  m: Row,
  recipients: ReadonlyArray<QueueRecipient>,
  hold: QueueHold | null,
): QueueEntry => ({
  id: m["id"] as string,
  acceptedAt: m["accepted_at"] as number,
  account: m["account"] as string | null,
  returnPath: m["return_path"] as string | null,
  size: m["size"] as number,
  recipients,
  hold,
});

class Admin {
  readonly #db: DatabaseSync;
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** One message after the other; returns how many there are beyond the limit. */
  walk(o: Listing, visit: (entry: QueueEntry) => void): number {
    const { from, values } = selected(this.#db, o.selection ?? {}, o.all ? null : UNFINISHED);
    const numbers = this.#db.prepare(
      `SELECT DISTINCT r.key / ${PER_MESSAGE} AS number ${from} ORDER BY number`,
    ).all(...values);
    const message = this.#db.prepare(
      "SELECT number, id, accepted_at, account, return_path, size FROM message WHERE number = ?",
    );
    const shown = numbers.slice(0, o.limit);
    for (const { number } of shown) {
      const m = rowOf(message, number as number);
      visit(entryOf(m, this.#recipients(number as number), this.#hold(number as number)));
    }
    return numbers.length - shown.length;
  }

  #recipients(number: number): ReadonlyArray<QueueRecipient> {
    const { first, end } = range(number);
    this.#ofMessage ??= this.#db.prepare(
      `SELECT r.*, ${IN_HANDS} AS held FROM recipient r WHERE key >= ? AND key < ? ORDER BY key`,
    );
    return this.#ofMessage.all(Date.now(), first, end).map(recipientOf);
  }
  #ofMessage: StatementSync | null = null;

  #hold(number: number): QueueHold | null {
    this.#holdOf ??= this.#db.prepare("SELECT * FROM hold WHERE number = ?");
    return holdOf(this.#holdOf.get(number));
  }
  #holdOf: StatementSync | null = null;

  heldBy(token: string): string | null {
    const number = heldBy((text) => this.#db.prepare(text), token);
    if (number === null) return null;
    const id = this.#db.prepare("SELECT id FROM message WHERE number = ?").get(number)?.["id"];
    return typeof id === "string" ? id : null;
  }

  count(): ReadonlyArray<QueueCount> {
    const { from, values } = selected(this.#db, {}, UNFINISHED);
    const rows = this.#db.prepare(
      `SELECT r.hop AS hop, r.state AS state, count(*) AS n, min(r.due) AS due ${from}
       GROUP BY r.hop, r.state ORDER BY r.hop, r.state`,
    ).all(...values);
    return rows.map((r) => ({
      hop: r["hop"] as string,
      state: STATE_NAMES[r["state"] as number] ?? "queued",
      recipients: r["n"] as number,
      due: r["state"] === STATE.queued ? r["due"] as number : null,
    }));
  }

  show(id: string): QueueDetail | null {
    const m = this.#db.prepare("SELECT * FROM message WHERE id = ? AND complete = 1").get(id);
    if (m === undefined) return null;
    const number = m["number"] as number;
    const facts = readFacts({ facts: m["facts"] as string, size: m["size"] as number });
    return {
      ...entryOf(m, this.#recipients(number), this.#hold(number)),
      history: this.#history(number),
      ...this.#copyOf(number),
      envelope: facts.envelope,
      session: facts.session,
      trail: m["trail"] as string,
      // TextDecoder knows no true latin1
      head: Buffer.from(m["head"] as Uint8Array).toString("latin1"),
    };
  }

  content(id: string, visit: (piece: Uint8Array | null) => void): boolean {
    const number = this.#db.prepare("SELECT number FROM message WHERE id = ? AND complete = 1")
      .get(id)?.["number"];
    if (typeof number !== "number") return false;
    for (const piece of rescue((text) => this.#db.prepare(text), number)) visit(piece);
    return true;
  }

  #copyOf(number: number): Pick<QueueDetail, "copyOf"> {
    const row = this.#db.prepare(
      "SELECT origin, open FROM copy WHERE number = ? AND taken_at IS NULL",
    ).get(number);
    return row === undefined
      ? {}
      : { copyOf: { origin: row["origin"] as string, open: JSON.parse(row["open"] as string) } };
  }

  #history(number: number): ReadonlyArray<QueueEvent> {
    const { first, end } = range(number);
    const rows = this.#db.prepare(
      `SELECT r.address AS address, h.at AS at, h.what AS what, h.status AS status, h.reply AS reply, h.remote AS remote
       FROM history h JOIN recipient r ON r.key = h.recipient
       WHERE h.recipient >= ? AND h.recipient < ? ORDER BY h.at, h.recipient`,
    ).all(first, end) as unknown as ReadonlyArray<QueueEvent>;
    return rows.map((h) => {
      const { text, attempt } = readAttempt(h.remote);
      return { ...h, remote: text, attempt };
    });
  }
}

const attempt = <A>(operation: string, f: () => A): Effect.Effect<A, SpoolError> =>
  Effect.try({ try: f, catch: (cause) => new SpoolFault({ operation, cause }) });

/** Opens the spool at `path`, which must exist or be creatable; closed with the scope. */
export const adminLayer = (path: string): Layer.Layer<SpoolAdmin, SpoolError> =>
  Layer.effect(
    SpoolAdmin,
    Effect.gen(function* () {
      const db = yield* Effect.acquireRelease(
        attempt("open", () => openDatabase(path)),
        (d) => Effect.sync(() => d.close()),
      );
      const admin = new Admin(db);
      return SpoolAdmin.of({
        list: (o) =>
          attempt("list", () => {
            const out: Array<QueueEntry> = [];
            admin.walk(o, (e) => out.push(e));
            return out;
          }),
        walk: (o, visit) => attempt("list", () => admin.walk(o, visit)),
        count: attempt("count", () => admin.count()),
        show: (id) => attempt("show", () => admin.show(id)),
        content: (id, visit) => attempt("content", () => admin.content(id, visit)),
        change: (change, selection, o) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            attempt(
              change._tag.toLowerCase(),
              () => changeQueue(db, change, selection, now, o?.dryRun ?? false),
            )),
        underWay: (messages) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            attempt("change", () => underWay(db, messages, now))),
        heldBy: (token) =>
          attempt("heldBy", () => admin.heldBy(token)),
        redeem: (token, then) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            attempt("redeem", () =>
              redeem(db, token, then, now))),
        suppressions: attempt("suppress", () =>
          db.prepare("SELECT address, since, until, reason FROM suppressed ORDER BY address")
            .all() as unknown as ReadonlyArray<Suppression>),
        suppress: ({ address, since, until, reason }) =>
          attempt("suppress", () => {
            db.prepare(
              "INSERT OR REPLACE INTO suppressed (address, since, until, reason) VALUES (lower(?), ?, ?, ?)",
            ).run(address, since, until, reason);
          }),
        unsuppress: (address) =>
          attempt("suppress", () =>
            db.prepare("DELETE FROM suppressed WHERE address = lower(?)").run(address).changes > 0),
      });
    }),
  );
