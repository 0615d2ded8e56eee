/** Records of submissions in a SQLite file: written in batches, bounded in age and number. */
import { Effect, Layer } from "effect";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Records, RecordsFault, type SubmissionRecord } from "../ports/records.ts";
import { watchDatabase } from "../files/watched_database.ts";

/** Where records are kept, which, and for how many milliseconds. */
export interface RecordsOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly refusals: boolean;
  readonly accepted: boolean;
  readonly keepMs: number;
  /** For looking only: an absent file is an empty one. */
  readonly readOnly?: boolean;
}

/** "PstR" */
const APPLICATION_ID = 0x50737452;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS record (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_at ON record (at);
PRAGMA application_id = ${APPLICATION_ID};
`;

const FLUSH_MS = 250;
const PRUNE_MS = 3_600_000;
/** Records held until they are written; a flood of refusals goes unremembered beyond it. */
const MOST_WAITING = 10_000;
/** Records in all. */
const MOST = 1_000_000;

const open = (o: RecordsOptions): DatabaseSync | null => {
  if (o.path !== ":memory:") {
    if (o.readOnly === true) {
      try {
        Deno.statSync(o.path);
      } catch {
        return null;
      }
    } else {
      Deno.mkdirSync(dirname(o.path), { recursive: true, mode: 0o700 });
      Deno.openSync(o.path, { write: true, create: true, mode: 0o600 }).close();
      closeToOthers(o.path);
    }
  }
  const db = new DatabaseSync(o.path, { timeout: 5000 });
  if (o.readOnly === true) db.exec("PRAGMA query_only = ON");
  // what is lost in a crash is a memory, no message
  else db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`);
  return db;
};

/** Of files of before, and of those of another umask. */
const closeToOthers = (path: string): void => {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      Deno.chmodSync(file, 0o600);
    } catch {
      // not there, or another's
    }
  }
};

const attempt = <A>(work: () => A): Effect.Effect<A, RecordsFault> =>
  Effect.try({ try: work, catch: (cause) => new RecordsFault({ cause }) });

const isRecord = (v: unknown): v is SubmissionRecord =>
  typeof v === "object" && v !== null && "id" in v && "trail" in v && "session" in v;

const read = (text: unknown): ReadonlyArray<SubmissionRecord> => {
  const value: unknown = JSON.parse(String(text));
  return isRecord(value) ? [value] : [];
};

class Store {
  readonly #db: DatabaseSync | null;
  readonly #keepMs: number;
  #waiting: Array<SubmissionRecord> = [];

  constructor(o: RecordsOptions) {
    this.#db = open(o);
    this.#keepMs = o.keepMs;
  }

  keep(r: SubmissionRecord): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(r);
  }

  /** Throws what SQLite throws; what could not be written is dropped. */
  flush(): void {
    const all = this.#waiting;
    if (all.length === 0 || this.#db === null) return;
    this.#waiting = [];
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const put = this.#db.prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?)");
      for (const r of all) put.run(r.id, r.at, JSON.stringify(r));
      this.#db.exec("COMMIT");
    } catch (e) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw e;
    }
  }

  prune(now: number): void {
    this.#db?.prepare("DELETE FROM record WHERE at < ?").run(now - this.#keepMs);
    this.#db?.prepare(
      "DELETE FROM record WHERE at < (SELECT at FROM record ORDER BY at DESC LIMIT 1 OFFSET ?)",
    ).run(MOST);
  }

  find(id: string): SubmissionRecord | null {
    this.flush();
    const row = this.#db?.prepare("SELECT record FROM record WHERE id = ?").get(id);
    return row === undefined ? null : read(row["record"])[0] ?? null;
  }

  since(at: number): ReadonlyArray<SubmissionRecord> {
    this.flush();
    const rows = this.#db?.prepare("SELECT record FROM record WHERE at >= ? ORDER BY at").all(at);
    return (rows ?? []).flatMap((r) => read(r["record"]));
  }

  close(): void {
    this.flush();
    this.#db?.close();
  }
}

/** Records of submissions in SQLite, written in the background; old ones go after `keepMs`. */
export const recordsLayer = (o: RecordsOptions): Layer.Layer<Records, RecordsFault> =>
  Layer.effect(
    Records,
    Effect.gen(function* () {
      const store = yield* Effect.acquireRelease(
        attempt(() => new Store(o)),
        (s) => Effect.ignore(attempt(() => s.close())),
      );
      if (o.readOnly !== true) {
        if (o.path !== ":memory:") {
          const cost = "records of submissions are lost, and `trace` does not find them";
          yield* Effect.forkScoped(watchDatabase(o.path, cost));
        }
        yield* Effect.forkScoped(repeatedly(FLUSH_MS, () => store.flush()));
        yield* Effect.forkScoped(repeatedly(PRUNE_MS, () => store.prune(Date.now())));
        yield* attempt(() => store.prune(Date.now()));
      }
      return {
        keeps: { refusals: o.refusals, accepted: o.accepted },
        keep: (r) => store.keep(r),
        find: (id) => attempt(() => store.find(id)),
        since: (at) => attempt(() => store.since(at)),
      };
    }),
  );

const repeatedly = (ms: number, work: () => void): Effect.Effect<never> =>
  Effect.sleep(ms).pipe(
    Effect.andThen(attempt(work)),
    Effect.catch((e) => Effect.logError("records of submissions are not kept", { cause: e })),
    Effect.forever,
  );
