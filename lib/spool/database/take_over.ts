/** Takes over from a server whose copies are stored here: from now on this server delivers them. */
import type { DatabaseSync } from "node:sqlite";
import { Clock, Effect, Layer } from "effect";
import { type Copied, CopiesAdmin, type TakenOver } from "../../ports/copies.ts";
import type { CopyOf, OpenRecipient, Source } from "../../ports/copy_of.ts";
import { type SpoolError, SpoolFault } from "../../ports/spool.ts";
import { openDatabase } from "./database.ts";
import { aliveAs } from "./copies.ts";
import { readFacts } from "./claims.ts";
import { dropMessages } from "./finished.ts";
import { enterHold } from "./holds.ts";
import { inTransaction, type Sql, statementsOf } from "./transaction.ts";
import { rangesOf } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";
import { acceptNow } from "./clock_set_back.ts";

const FUTURE_MS = 60_000;

const isAlive = (sql: Sql, source: Source, now: number): boolean =>
  // a sign of life from the future is none: the clock was set back
  sql("SELECT 1 FROM owner WHERE id = ? AND alive_until BETWEEN ? AND ?")
    .get(aliveAs(source), now, now + FUTURE_MS) !== undefined;

/** What is kept for whom. */
export const copied = (db: DatabaseSync, now: number): ReadonlyArray<Copied> => {
  const sql = statementsOf(db);
  const rows = sql(
    `SELECT c.origin AS origin, c.spool AS spool, count(*) AS messages, sum(m.size) AS octets, min(m.accepted_at) AS oldest
     FROM copy c JOIN message m ON m.number = c.number WHERE c.taken_at IS NULL GROUP BY c.origin, c.spool ORDER BY c.origin, oldest`,
  ).all() as unknown as ReadonlyArray<Omit<Copied, "connected">>;
  return rows.map((r) => ({ ...r, connected: isAlive(sql, r, now) }));
};

/** Spools of `origin` whose copies stand here and that may be touched; null: there are some, and all are connected. */
const sourcesOf = (
  sql: Sql,
  origin: string,
  now: number,
  force: boolean,
): ReadonlyArray<Source> | null => {
  const all = sql("SELECT DISTINCT origin, spool FROM copy WHERE origin = ? AND taken_at IS NULL")
    .all(origin) as unknown as ReadonlyArray<Source>;
  const gone = force ? all : all.filter((s) => !isAlive(sql, s, now));
  return gone.length === 0 && all.length > 0 ? null : gone;
};

/** What stands for it; what is known of it besides goes, so that it may begin anew. */
const numbersOf = (sql: Sql, { origin, spool }: Source): ReadonlyArray<number> => {
  sql("DELETE FROM source WHERE origin = ? AND spool = ?").run(origin, spool);
  return sql(
    "SELECT number FROM copy WHERE origin = ? AND spool = ? AND taken_at IS NULL ORDER BY number",
  ).all(origin, spool).map((c) => c["number"] as number);
};

/** How an operator touches what stands for a server. */
interface Touching {
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** On the copies of `origin` that may be touched, by number; null: the server is connected, and delivers them itself. */
const onCopies = <A>(
  db: DatabaseSync,
  origin: string,
  now: number,
  { dryRun, force }: Touching,
  work: (sql: Sql, numbers: ReadonlyArray<number>) => A,
): A | null =>
  inTransaction(db, () => {
    const sql = statementsOf(db);
    const sources = sourcesOf(sql, origin, now, force);
    return sources === null ? null : work(sql, sources.flatMap((source) => numbersOf(sql, source)));
  }, dryRun);

/** Null as there. */
export const takeOver = (
  db: DatabaseSync,
  origin: string,
  now: number,
  o: Touching,
): TakenOver | null =>
  onCopies(db, origin, now, o, (sql, numbers) => {
    const messages: Array<string> = [];
    let recipients = 0;
    for (const number of numbers) {
      const c = sql(COPY).get(number) as unknown as Row;
      recipients += takeOne(sql, c, now);
      messages.push(c.id);
    }
    return { messages, recipients };
  });

const COPY =
  `SELECT c.number AS number, c.origin AS origin, c.open AS open, c.hold AS hold, m.id AS id, m.account AS account,
          m.return_path AS return_path, m.facts AS facts, m.size AS size, m.accepted_at AS at
   FROM copy c JOIN message m ON m.number = c.number WHERE c.number = ?`;

interface Row {
  readonly number: number;
  readonly origin: string;
  readonly open: string;
  readonly hold: string | null;
  readonly id: string;
  readonly account: string | null;
  readonly return_path: string | null;
  readonly facts: string;
  readonly size: number;
  readonly at: number;
}

/** How many recipients it has left. */
const takeOne = (sql: Sql, c: Row, now: number): number => {
  const open = JSON.parse(c.open) as ReadonlyArray<OpenRecipient>;
  const { envelope } = readFacts(c);
  enter(sql, c.number, open, c.account ?? c.return_path ?? "", envelope.priority ?? 0);
  const hold = c.hold === null ? null : JSON.parse(c.hold) as NonNullable<CopyOf["hold"]>;
  if (hold !== null && open.some((r) => r.held)) {
    enterHold(sql, c.number, { ...hold, token: null });
  }
  // by a clock that is ahead of ours
  acceptNow(sql, c.number, c.at, now);
  sql("UPDATE copy SET taken_at = ? WHERE number = ?").run(now, c.number);
  sql("UPDATE message SET trail = json_insert(trail, '$.trail[#]', json(?)) WHERE number = ?")
    .run(decision(c.origin, now), c.number);
  return open.length;
};

const decision = (origin: string, now: number): string =>
  JSON.stringify({
    stage: "submit",
    verdict: "pass",
    rule: "replica.taken_over",
    facts: { from: origin, at: now },
  });

const enter = (
  sql: Sql,
  number: number,
  open: ReadonlyArray<OpenRecipient>,
  sender: string,
  priority: number,
): void => {
  const insert = sql(
    "INSERT INTO recipient (key, address, hop, state, due, attempts, via, sender, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  open.forEach((r, i) => {
    const state = r.held ? STATE.held : STATE.queued;
    insert.run(
      number * PER_MESSAGE + i,
      r.address,
      r.hop,
      state,
      r.due,
      r.attempts,
      r.via,
      sender,
      priority,
    );
  });
};

/** Drops what is kept for a server that will never come back. Null as above. */
export const dropCopies = (
  db: DatabaseSync,
  origin: string,
  now: number,
  o: Touching,
): number | null =>
  onCopies(db, origin, now, o, (sql, numbers) => {
    for (const run of rangesOf(numbers)) dropMessages(sql, run);
    return numbers.length;
  });

/** On a connection of its own to the spool at `path`; closed with the scope. */
export const copiesAdminLayer = (path: string): Layer.Layer<CopiesAdmin, SpoolError> =>
  Layer.effect(
    CopiesAdmin,
    Effect.gen(function* () {
      const attempt = <A>(f: (now: number) => A): Effect.Effect<A, SpoolError> =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.try({
            try: () => f(now),
            catch: (cause) => new SpoolFault({ operation: "copies", cause }),
          }));
      const db = yield* Effect.acquireRelease(
        attempt(() => openDatabase(path)),
        (d) => Effect.sync(() => d.close()),
      );
      return CopiesAdmin.of({
        kept: attempt((now) => copied(db, now)),
        takeOver: (origin, o) => attempt((now) => takeOver(db, origin, now, o)),
        drop: (origin, o) => attempt((now) => dropCopies(db, origin, now, o)),
      });
    }),
  );
