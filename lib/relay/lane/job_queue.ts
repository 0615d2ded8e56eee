/**
 * The queue of jobs for one hop: first those whose client waits, then higher priority, and among equals each sender
 * in turn, so that no sender waits for all the mail of another. RFC 6710 §5.1
 */
import type { Job } from "../job/job.ts";

/** One sender's jobs in their order; taken ones leave a gap at the front until half of it is gap. */
class Line {
  readonly sender: string;
  #jobs: Array<Job | undefined> = [];
  #at = 0;
  constructor(sender: string) {
    this.sender = sender;
  }
  get length(): number {
    return this.#jobs.length - this.#at;
  }
  push(job: Job): void {
    this.#jobs.push(job);
  }
  shift(): Job | undefined {
    const job = this.#jobs[this.#at];
    if (job === undefined) return undefined;
    this.#jobs[this.#at++] = undefined; // let go at once
    if (this.#at > 64 && this.#at * 2 > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#at);
      this.#at = 0;
    }
    return job;
  }
}

/** Senders with jobs of one priority, in the order of their turns. */
class Ring {
  readonly #lines = new Map<string, Line>();
  #turns: Array<Line> = [];
  #next = 0;

  push(job: Job): void {
    const { sender } = job.delivery;
    let line = this.#lines.get(sender);
    if (line === undefined) {
      line = new Line(sender);
      this.#lines.set(sender, line);
      this.#turns.push(line);
    }
    line.push(job);
  }

  shift(): Job | undefined {
    if (this.#next >= this.#turns.length) this.#next = 0;
    const line = this.#turns[this.#next];
    if (line === undefined) return undefined;
    const job = line.shift();
    if (line.length > 0) this.#next++;
    else {
      this.#lines.delete(line.sender);
      this.#turns.splice(this.#next, 1);
    }
    return job;
  }
}

const NORMAL = 0;

export class JobQueue {
  /** Put back: they had their turn and go first. */
  #front: Array<Job> = [];
  readonly #normal = new Ring();
  /** Other priorities, highest first; null until there are any. */
  #others: Array<{ readonly priority: number; readonly ring: Ring; length: number }> | null = null;
  #length = 0;
  /** Those whose client waits; null until there are any. */
  #awaited: Ring | null = null;
  #waiting = 0;

  get length(): number {
    return this.#length;
  }

  /** Clients that wait for a job of this hop. */
  get waiting(): number {
    return this.#waiting;
  }

  push(job: Job): void {
    const priority = job.delivery.envelope.priority ?? NORMAL;
    this.#length++;
    if (job.awaited !== undefined) {
      this.#waiting++;
      this.#awaited ??= new Ring();
      return this.#awaited.push(job);
    }
    if (priority === NORMAL) return this.#normal.push(job);
    this.#others ??= [];
    let level = this.#others.find((l) => l.priority === priority);
    if (level === undefined) {
      level = { priority, ring: new Ring(), length: 0 };
      this.#others.push(level);
      this.#others.sort((a, b) => b.priority - a.priority);
    }
    level.ring.push(job);
    level.length++;
  }

  shift(): Job | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    const job = this.#front.shift() ?? this.#awaited?.shift() ??
      this.#level((p) => p > NORMAL) ?? this.#normal.shift() ?? this.#level((p) => p < NORMAL);
    if (job?.awaited !== undefined) this.#waiting--;
    return job;
  }

  #level(counts: (priority: number) => boolean): Job | undefined {
    const level = this.#others?.find((l) => l.length > 0 && counts(l.priority));
    if (level === undefined) return undefined;
    level.length--;
    return level.ring.shift();
  }

  unshift(job: Job): void {
    this.#length++;
    if (job.awaited !== undefined) this.#waiting++;
    this.#front.unshift(job);
  }

  /** All of them, and none stays. */
  drain(): ReadonlyArray<Job> {
    const out: Array<Job> = [];
    for (let job = this.shift(); job !== undefined; job = this.shift()) out.push(job);
    return out;
  }
}
