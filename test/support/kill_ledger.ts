/**
 * The books of the kill test: what was acknowledged, what arrived in which life of the server, and what the spool
 * knew of it when that life ended.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PER_MESSAGE, STATE } from "../../lib/spool/database/schema.ts";

/** One message at the sink, for one recipient. */
interface Copy {
  readonly life: number;
  /** By `performance.now()`. */
  readonly at: number;
  /** Whether the spool had it recorded when that life ended; null: it has not ended, or nobody looked. */
  recorded: boolean | null;
}

export interface Arrived {
  readonly from: string;
  readonly to: ReadonlyArray<string>;
  readonly data: string;
}

const field = (data: string, name: string): string =>
  new RegExp(`^${name}: ?(.*?)\\r$`, "im").exec(data)?.[1]?.trim() ?? "";

/** The address in angle brackets. */
const bare = (path: string): string => /<([^>]*)>/.exec(path)?.[1] ?? path;

/** What the spool of a dead server still means to deliver: `message-id address` of each recipient without an outcome. */
export const unrecorded = async (database: string): Promise<ReadonlySet<string>> => {
  // a copy: to open the original would repair it before the server comes to do so
  const dir = await Deno.makeTempDir({ prefix: "postern-spool-" });
  try {
    for (const end of ["", "-wal"]) {
      await Deno.copyFile(database + end, join(dir, `spool.db${end}`)).catch((e) => {
        if (!(e instanceof Deno.errors.NotFound)) throw e;
      });
    }
    const db = new DatabaseSync(join(dir, "spool.db"));
    try {
      const rows = db.prepare(
        `SELECT m.head AS head, r.address AS address FROM recipient r JOIN message m
         ON m.number = r.key / ${PER_MESSAGE} WHERE r.state < ${STATE.delivered}`,
      ).all();
      return new Set(rows.map((r) => {
        const head = new TextDecoder().decode(r["head"] as Uint8Array);
        return `${field(head, "Message-ID")} ${String(r["address"])}`;
      }));
    } finally {
      db.close();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};

export class KillLedger {
  /** Which life of the server this is. */
  life = 0;
  /** Sequence numbers that got their 250, with what must come of each: a copy, a report, or both. */
  readonly acknowledged = new Map<string, { readonly copy: boolean; readonly report: boolean }>();
  readonly #copies = new Map<string, Array<Copy>>();
  /** Sequence numbers of messages that arrived, and Message-IDs of the reports on them. */
  readonly #arrived = new Set<string>();
  readonly #reports = new Map<string, Set<string>>();
  /** What arrived and is not whole. */
  readonly mangled: Array<string> = [];
  messages = 0;
  reports = 0;
  readonly kills: Array<number> = [];

  take(message: Arrived): void {
    if (message.to.length === 0) return;
    const seq = field(message.data, "X-Seq");
    const report = bare(message.from) === "";
    if (report) {
      this.reports++;
      const known = this.#reports.get(seq) ?? new Set();
      this.#reports.set(seq, known.add(field(message.data, "Message-ID")));
      if (!/\r\nAction: failed\r\n/.test(message.data)) this.mangled.push(`report on ${seq}`);
    } else {
      this.messages++;
      this.#arrived.add(seq);
      if (!message.data.endsWith(`end of ${seq}\r\n`)) this.mangled.push(seq);
    }
    for (const to of message.to) {
      const key = `${field(message.data, "Message-ID")} ${bare(to)}`;
      const copies = this.#copies.get(key) ?? [];
      copies.push({ life: this.life, at: performance.now(), recorded: null });
      this.#copies.set(key, copies);
    }
  }

  /** The server was killed at `at`; `open` is what its spool has no outcome of. */
  died(at: number, open: ReadonlySet<string>): void {
    this.kills[this.life] = at;
    for (const [key, copies] of this.#copies) {
      for (const copy of copies) {
        if (copy.life === this.life) copy.recorded = !open.has(key);
      }
    }
  }

  /** Acknowledged, and no copy came, or no report on whom the hop refused. */
  get missing(): ReadonlyArray<string> {
    return Array.from(this.acknowledged).flatMap(([seq, { copy, report }]) => [
      ...copy && !this.#arrived.has(seq) ? [`${seq}: no copy`] : [],
      ...report && !this.#reports.has(seq) ? [`${seq}: no report`] : [],
    ]);
  }

  /** Messages about which more than one report was made, rather than one report sent twice. */
  get reportedTwice(): ReadonlyArray<string> {
    return Array.from(this.#reports).filter(([, ids]) => ids.size > 1).map(([seq]) => seq);
  }

  /** Arrived although no 250 reached the client: the kill fell between the commit and the reply. */
  get unasked(): number {
    return [...this.#arrived].filter((seq) => !this.acknowledged.has(seq)).length;
  }

  /**
   * Copies beyond the first. One is explained where the life that delivered the copy before it was killed before it
   * had recorded that; `windowMs` is how long before.
   */
  doubles(): {
    readonly explained: ReadonlyArray<{ readonly key: string; readonly windowMs: number }>;
    readonly unexplained: ReadonlyArray<string>;
  } {
    const explained: Array<{ readonly key: string; readonly windowMs: number }> = [];
    const unexplained: Array<string> = [];
    for (const [key, copies] of this.#copies) {
      copies.slice(1).forEach((copy, i) => {
        const before = copies[i]!;
        if (copy.life > before.life && before.recorded === false) {
          explained.push({ key, windowMs: this.kills[before.life]! - before.at });
        } else {
          unexplained.push(
            `${key}: in life ${before.life}${
              before.recorded === true ? " (recorded)" : ""
            } and ${copy.life}`,
          );
        }
      });
    }
    return { explained, unexplained };
  }
}
