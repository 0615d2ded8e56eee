/**
 * Hops with the jobs that wait for them, and how many connections each may have.
 *
 * A *lane* is a fiber that works a hop's jobs off, one connection at a time. This file counts; lanes
 * do the work. RFC 5321 §4.5.4.1: unreachable hosts are remembered across messages.
 */
import { AT_ONCE } from "../../ports/spool.ts";
import { Allowance } from "./allowance.ts";
import type { Connection } from "../session/connection.ts";
import { type Job, limitsKey, poolKey } from "../job/job.ts";
import { JobQueue } from "./job_queue.ts";
import { Pace, throttles } from "./pace.ts";
import type { Unreachable } from "../hosts/connect_hop.ts";
import type { RelaySettings } from "../settings.ts";

/** An open connection with how many messages it may carry. */
export interface Held {
  readonly connection: Connection;
  readonly mailMax: number;
}

export interface Hop {
  readonly key: string;
  readonly jobs: JobQueue;
  readonly pace: Pace;
  /** What its route lets it have, shared by all that lead there by that route; null: no limit of its own. */
  readonly allowance: Allowance | null;
  /** As the spool names it. */
  readonly name: string;
  lanes: number;
  /** Lanes that wait until their route lets them send. */
  resting: number;
  readonly idle: Array<Held>;
  /** Why it could not be reached last; null while all is well. */
  cause: Unreachable | null;
  /** When something was last heard of it, ms by the monotonic clock; so is every `now` here. */
  heardAt: number;
  /** When it was last told that the hop wants a login. */
  alarmedAt: number;
}

/** So long nothing was heard of a hop with work. */
const STALLED_MS = 30_000;
/** Above this many hops, those without work are forgotten. */
const MANY_HOPS = 1_000;

export class Pool {
  readonly #settings: RelaySettings;
  /** `held`: an idle connection that the lane takes over; null: it opens one. */
  readonly startLane: (hop: Hop, held: Held | null) => void;
  readonly #hops = new Map<string, Hop>();
  readonly #allowances = new Map<string, Allowance>();
  /** Connections open or being opened. */
  #total = 0;
  #closing = false;

  constructor(settings: RelaySettings, startLane: Pool["startLane"]) {
    this.#settings = settings;
    this.startLane = startLane;
  }

  /** Takes a job for its hop; or says why the hop takes none now. */
  add(job: Job, now: number): Unreachable | "stalled" | null {
    const hop = this.#hop(job, now);
    if (hop.cause !== null && hop.pace.paused && hop.lanes === 0 && !wanted(job)) return hop.cause;
    if (hop.jobs.length >= this.#settings.window / 2 && stalled(hop, now)) return "stalled";
    hop.jobs.push(job);
    this.#widen(hop);
    return null;
  }

  #hop(job: Job, now: number): Hop {
    const key = poolKey(job);
    const known = this.#hops.get(key);
    if (known !== undefined) {
      if (known.jobs.length === 0 && known.lanes === 0) known.heardAt = now;
      return known;
    }
    if (this.#hops.size >= MANY_HOPS) this.#sweep();
    const hop: Hop = {
      key,
      name: job.delivery.hop,
      allowance: this.#allowance(job),
      jobs: new JobQueue(),
      pace: new Pace(job.access.limits?.connections ?? this.#settings.connectionsPerHop),
      lanes: 0,
      resting: 0,
      idle: [],
      cause: null,
      heardAt: now,
      alarmedAt: -Infinity,
    };
    this.#hops.set(key, hop);
    return hop;
  }

  #allowance(job: Job): Allowance | null {
    const key = limitsKey(job);
    const { limits } = job.access;
    if (key === null || limits === undefined) return null;
    const known = this.#allowances.get(key) ?? new Allowance(limits);
    this.#allowances.set(key, known);
    return known;
  }

  #sweep(): void {
    for (const [key, h] of this.#hops) {
      const busy = h.lanes > 0 || h.jobs.length > 0 || h.idle.length > 0;
      if (!busy && !h.pace.paused) this.#hops.delete(key);
    }
    const used = new Set(Array.from(this.#hops.values(), (h) => h.allowance));
    for (const [key, a] of this.#allowances) if (!used.has(a)) this.#allowances.delete(key);
  }

  /** Another connection, or one less. */
  #count(hop: Hop, by: 1 | -1): void {
    this.#total += by;
    if (hop.allowance !== null) hop.allowance.connections += by;
  }

  /**
   * While sessions wait for the end of their data, a hop has one connection: accepting goes first, since a
   * person waits there, and what was accepted is safe. True where the lane that asks is one too many. Where
   * it is not, and more is waiting than it can carry, another one starts.
   */
  narrows(hop: Hop): boolean {
    if (this.#settings.yields() && hop.jobs.waiting === 0) return hop.lanes > 1;
    if (hop.lanes > hop.pace.lanes) return true;
    if (hop.jobs.length > 1) this.#widen(hop);
    return false;
  }

  /** Another lane, if there is work for it and room. */
  #widen(hop: Hop): void {
    if (this.#closing) return;
    if (hop.lanes > 0 && hop.jobs.waiting === 0 && this.#settings.yields()) return;
    if (hop.jobs.length === 0 || hop.lanes >= hop.pace.lanes) return;
    const held = hop.idle.pop() ?? null;
    if (held === null) {
      if (hop.lanes > 0 && hop.pace.paused) return;
      if (hop.allowance !== null && !this.#allowed(hop, hop.allowance)) return;
      if (!this.#makeRoom()) return;
      this.#count(hop, 1);
    } else held.connection.onEnd = () => {};
    hop.lanes++;
    this.startLane(hop, held);
  }

  /** As `#makeRoom`, within what the hop's route allows. */
  #allowed(hop: Hop, allowance: Allowance): boolean {
    if (allowance.room) return true;
    for (const h of this.#hops.values()) {
      if (h === hop || h.allowance !== allowance || h.idle[0] === undefined) continue;
      h.idle[0].connection.quit();
      return allowance.room;
    }
    return false;
  }

  /** True where one more connection may be opened, if need be in place of an idle one. */
  #makeRoom(): boolean {
    if (this.#total < this.#settings.maxConnections) return true;
    for (const h of this.#hops.values()) {
      const held = h.idle[0];
      if (held === undefined) continue;
      held.connection.quit();
      return true;
    }
    return false;
  }

  /** The lane ends; `held` is its connection where it still lives. */
  leave(hop: Hop, held: Held | null): void {
    hop.lanes--;
    if (held !== null && held.connection.ready && !this.#closing) this.#park(hop, held);
    else {
      held?.connection.quit();
      this.#count(hop, -1);
    }
    this.#widen(hop);
    this.#helpStarved(hop);
  }

  #park(hop: Hop, held: Held): void {
    hop.idle.push(held);
    held.connection.onEnd = () => {
      const at = hop.idle.indexOf(held);
      if (at >= 0) hop.idle.splice(at, 1);
      this.#count(hop, -1);
      this.#helpStarved(hop);
    };
  }

  /** Hops that found no room get their turn, since `by` needs less. */
  #helpStarved(by: Hop): void {
    if (by.allowance === null && this.#total + 1 < this.#settings.maxConnections) return;
    for (const h of this.#hops.values()) if (h.lanes === 0) this.#widen(h);
  }

  /**
   * A lane could not reach its hop. Other lanes go on where there are any; else all that waits for
   * the hop is handed out, and the hop left alone for a while.
   */
  unreachable(hop: Hop, cause: Unreachable): ReadonlyArray<Job> {
    if (hop.lanes > 1) {
      hop.pace.pause(this.#settings.pauseMs);
      if (throttles(cause.verdict)) hop.pace.slow();
      return [];
    }
    hop.pace.failed(this.#settings.pauseMs);
    hop.cause = cause;
    return hop.jobs.drain();
  }

  /** Something was heard of the hop. */
  reached(hop: Hop, now: number): void {
    if (hop.cause !== null) hop.pace.reached();
    hop.cause = null;
    hop.heardAt = now;
  }

  /** Hops, as the spool names them, for which at least this many jobs wait. */
  crowded(jobs: number): ReadonlyArray<string> {
    return Array.from(this.#hops.values()).filter((h) => h.jobs.length >= jobs).map((h) => h.name);
  }

  /** Jobs of hops that have been silent while the window is full: they make room for others. */
  shed(now: number): ReadonlyArray<Job> {
    return Array.from(this.#hops.values()).filter((h) => stalled(h, now)).flatMap((h) =>
      h.jobs.drain()
    );
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** No more lanes; what waits is handed out, idle connections are closed. May be called again. */
  close(): ReadonlyArray<Job> {
    this.#closing = true;
    const hops = Array.from(this.#hops.values());
    for (const held of hops.flatMap((h) => h.idle.slice())) held.connection.quit();
    return hops.flatMap((h) => h.jobs.drain());
  }
}

/** An operator said so. */
const wanted = (job: Job): boolean => job.delivery.recipients.some((r) => r.due === AT_ONCE);

const stalled = (hop: Hop, now: number): boolean =>
  hop.jobs.length > 0 && hop.resting === 0 && now - hop.heardAt > STALLED_MS;
