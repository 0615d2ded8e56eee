/**
 * The event loop's side of the database thread: operations that come in one turn of the event loop, or while
 * a batch is under way, form the next batch, so that they share its commit. Never more than one batch is out.
 *
 * The caller may stop waiting at any time; the operation does not stop. What must follow from its result belongs in
 * `land`, which runs in any case, in the order in which the thread did the work.
 */
import { setImmediate } from "node:timers";
import { Effect } from "effect";
import type { Cancellation } from "../../ports/cancellation.ts";
import { type SpoolError, SpoolFault, SpoolFull } from "../../ports/spool.ts";
import {
  type Before,
  movesIn,
  type Op,
  type OpenRequest,
  type OpResult,
  type Request,
  type Response,
} from "../database/protocol.ts";
import { MAX_BATCH, Places } from "./places.ts";

type Value = (OpResult & { readonly ok: true })["value"];
type Resume = (result: OpResult) => void;

interface Asked {
  readonly op: Op;
  readonly resume: Resume;
}

const CALLED_OFF: OpResult = {
  ok: false,
  full: false,
  message: "it had not begun in time, and was cancelled",
};

/** Called with what came of an operation; a throw of it is the caller's bug, and nobody else's. */
const outcomeOf = <A>(land: (value: Value) => A, value: Value): Effect.Effect<A> => {
  try {
    return Effect.succeed(land(value));
  } catch (e) {
    return Effect.die(e);
  }
};

/** An operation that failed. */
export const faultOf = (
  operation: string,
  { full, message, damaged }: OpResult & { readonly ok: false },
): SpoolError => {
  const cause = new Error(message);
  if (full) return new SpoolFull({ cause });
  return new SpoolFault({ operation, cause, ...damaged === true ? { damaged } : {} });
};

export class DatabaseThread {
  readonly #worker: Worker;
  readonly #places = new Places();
  #waiting: Array<Asked> = [];
  #out: ReadonlyArray<Asked> | null = null;
  /** Of those that are out, what was withdrawn and is answered. */
  readonly #withdrawn = new Set<Asked>();
  #dead: string | null = null;
  #closing = false;
  #scheduled = false;
  #control: ((r: Response) => void) | null = null;

  constructor() {
    // beside this file in the source tree, beside the bundle in a binary
    this.#worker = new Worker(new URL("./sqlite_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = (e: MessageEvent<Response>) => this.#received(e.data);
    this.#worker.onerror = (e) => {
      e.preventDefault();
      this.#die(e.message);
    };
  }

  /** Resolves once the database is open, with what it found there; rejects with what SQLite said. */
  open(request: OpenRequest): Promise<Before> {
    return new Promise((resolve, reject) => {
      this.#control = (r) => {
        if ("opened" in r) resolve(r.before);
        else reject(new Error("failed" in r ? r.failed : "the spool was not opened"));
      };
      this.#send({ ...request, places: this.#places.buffer });
    });
  }

  /** Finishes what is under way, gives the leases back, ends the thread. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#dead !== null) return resolve();
      this.#control = () => {
        this.#dead = "the spool is closed";
        resolve();
      };
      // what was asked for before is done before
      this.#closing = true;
      this.#schedule();
    });
  }

  /** Runs one operation; what it returns is durable when it returns. */
  run(operation: string, op: Op): Effect.Effect<Value, SpoolError>;
  run<A>(operation: string, op: Op, land: (value: Value) => A): Effect.Effect<A, SpoolError>;
  run(
    operation: string,
    op: Op,
    land: (value: Value) => unknown = (value) => value,
  ): Effect.Effect<unknown, SpoolError> {
    return Effect.callback((resume) => {
      this.submit(
        op,
        (r) => resume(r.ok ? outcomeOf(land, r.value) : Effect.fail(faultOf(operation, r))),
      );
    });
  }

  /** As `run`, for callers that do not wait in an Effect. `cancellation`: it fails at once where it was not begun. */
  submit(op: Op, resume: Resume, cancellation?: Cancellation): void {
    if (this.#dead !== null || this.#closing) {
      return resume({ ok: false, full: false, message: this.#dead ?? "the spool is closing" });
    }
    if (cancellation?.requested === true) return resume(CALLED_OFF);
    if (cancellation === undefined) this.#waiting.push({ op, resume });
    else {
      const asked: Asked = {
        op,
        resume: (r) => {
          cancellation.onRequest(null);
          resume(r);
        },
      };
      this.#waiting.push(asked);
      cancellation.onRequest(() => this.#callOff(asked));
    }
    this.#schedule();
  }

  /** Answers at once where the thread has not begun it and never will; else its result is waited for. */
  #callOff(asked: Asked): void {
    const waiting = this.#waiting.indexOf(asked);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    else {
      const place = this.#out?.indexOf(asked) ?? -1;
      if (place < 0 || !this.#places.withdraw(place)) return;
      this.#withdrawn.add(asked);
    }
    asked.resume(CALLED_OFF);
  }

  /**
   * The next batch leaves once this turn of the event loop has read what the sockets hold: a wake-up of the
   * thread and an fsync cost more than the rows they carry.
   */
  #schedule(): void {
    if (this.#out !== null || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0) {
      if (this.#closing) this.#send({ close: true });
      return;
    }
    const batch = this.#waiting.length <= MAX_BATCH
      ? this.#waiting
      : this.#waiting.slice(0, MAX_BATCH);
    this.#waiting = batch === this.#waiting ? [] : this.#waiting.slice(MAX_BATCH);
    this.#out = batch;
    this.#places.reset();
    this.#send({ batch: batch.map((b) => b.op) });
  }

  #send(r: Request): void {
    this.#worker.postMessage(r, movesIn(r));
  }

  #received(r: Response): void {
    if (!("results" in r)) {
      this.#control?.(r);
      this.#control = null;
      return;
    }
    const out = this.#out ?? [];
    this.#out = null;
    this.#schedule();
    out.forEach((asked, i) => {
      if (this.#withdrawn.size > 0 && this.#withdrawn.delete(asked)) return;
      asked.resume(r.results[i] ?? { ok: false, full: false, message: "no result" });
    });
  }

  #die(message: string): void {
    this.#dead = `the spool's thread ended: ${message}`;
    this.#control?.({ failed: this.#dead });
    const lost = [...(this.#out ?? []), ...this.#waiting];
    this.#out = null;
    this.#waiting = [];
    for (const asked of lost) {
      if (this.#withdrawn.delete(asked)) continue;
      asked.resume({ ok: false, full: false, message: this.#dead });
    }
  }
}
