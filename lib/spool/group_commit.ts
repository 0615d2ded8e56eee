/**
 * The event loop's side of the database thread: operations that come in one turn of the event loop, or while
 * a batch is under way, form the next batch, so that they share its commit. Never more than one batch is out.
 */
import { setImmediate } from "node:timers";
import { Effect } from "effect";
import { type SpoolError, SpoolFault, SpoolFull } from "../ports/spool.ts";
import type { Before } from "./life.ts";
import {
  movesIn,
  type Op,
  type OpenRequest,
  type OpResult,
  type Request,
  type Response,
} from "./protocol.ts";

type Value = (OpResult & { readonly ok: true })["value"];
type Resume = (result: OpResult) => void;

/** Operations of one transaction; bounds how long the next must wait. */
const MAX_BATCH = 1000;

export class DatabaseThread {
  readonly #worker: Worker;
  #waiting: Array<{ readonly op: Op; readonly resume: Resume }> = [];
  #out: ReadonlyArray<{ readonly op: Op; readonly resume: Resume }> | null = null;
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
      this.#send(request);
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
  run(operation: string, op: Op): Effect.Effect<Value, SpoolError> {
    return Effect.callback((resume) => {
      this.submit(op, (r) => {
        if (r.ok) resume(Effect.succeed(r.value));
        else {
          const cause = new Error(r.message);
          const damaged = r.damaged === true ? { damaged: r.damaged } : {};
          resume(Effect.fail(
            r.full ? new SpoolFull({ cause }) : new SpoolFault({ operation, cause, ...damaged }),
          ));
        }
      });
    });
  }

  /** As `run`, for callers that do not wait in an Effect. */
  submit(op: Op, resume: Resume): void {
    if (this.#dead !== null || this.#closing) {
      return resume({ ok: false, full: false, message: this.#dead ?? "the spool is closing" });
    }
    this.#waiting.push({ op, resume });
    this.#schedule();
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
    out.forEach(({ resume }, i) =>
      resume(r.results[i] ?? { ok: false, full: false, message: "no result" })
    );
  }

  #die(message: string): void {
    this.#dead = `the spool's thread ended: ${message}`;
    this.#control?.({ failed: this.#dead });
    const lost = [...(this.#out ?? []), ...this.#waiting];
    this.#out = null;
    this.#waiting = [];
    for (const { resume } of lost) resume({ ok: false, full: false, message: this.#dead });
  }
}
