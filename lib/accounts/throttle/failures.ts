/** Counts failures under a bounded number of keys and says how long the next try has to wait. */
import type { FailureTerms } from "../../ports/failure_store.ts";
import { type BackOff, backOff } from "../../timing/back_off.ts";

export interface Counter {
  /** Milliseconds until a try may go on; above `maxDelay` while locked or where too many stand in line. */
  readonly wait: (now: number) => number;
  /** A try goes through and takes its place: tries at the same moment queue behind each other. */
  readonly enter: (now: number) => void;
  readonly fail: (now: number) => void;
}

export interface Counters {
  readonly of: (key: string) => Counter;
  readonly drop: (key: string) => void;
}

interface Entry {
  failures: number;
  lastFailure: number;
  lockedUntil: number;
  /** When the last try that was let through has its turn. */
  turn: number;
}

const MOST = 50_000;
const FIRST_DELAY = 1000;

/** Keys that were not seen for longest are forgotten first. */
export const makeCounters = (o: FailureTerms): Counters => {
  const entries = new Map<string, Entry>();

  /** The entry as it stands `now`: failures fade a lock's time after the last one, by half after a lock. */
  const current = (key: string, now: number): Entry | null => {
    const e = entries.get(key);
    if (e === undefined) return null;
    // a clock that was set back must not stretch a lock
    e.lockedUntil = Math.min(e.lockedUntil, now + o.lock);
    e.lastFailure = Math.min(e.lastFailure, now);
    e.turn = Math.min(e.turn, now + o.maxDelay);
    if (e.lockedUntil !== 0 && now >= e.lockedUntil) {
      e.failures = Math.floor(o.lockAt / 2);
      e.lastFailure = e.lockedUntil;
      e.lockedUntil = 0;
    }
    if (e.lockedUntil === 0 && now - e.lastFailure >= o.lock) {
      entries.delete(key);
      return null;
    }
    return e;
  };

  const terms: BackOff = { first: FIRST_DELAY, longest: o.maxDelay };
  const delayOf = (e: Entry): number => backOff(terms, e.failures - o.free);

  const wait = (key: string, now: number): number => {
    const e = current(key, now);
    if (e === null) return 0;
    if (e.lockedUntil > now) return Math.max(e.lockedUntil - now, o.maxDelay + 1);
    const delay = delayOf(e);
    return delay === 0 ? 0 : Math.max(delay, e.turn + delay - now);
  };

  return {
    drop: (key) => {
      entries.delete(key);
    },
    of: (key) => ({
      wait: (now) => wait(key, now),
      enter: (now) => {
        const e = current(key, now);
        if (e !== null) e.turn = now + wait(key, now);
      },
      fail: (now) => {
        const e = current(key, now) ?? { failures: 0, lastFailure: now, lockedUntil: 0, turn: 0 };
        e.failures++;
        e.lastFailure = now;
        if (e.failures >= o.lockAt) e.lockedUntil = now + o.lock;
        entries.delete(key);
        entries.set(key, e);
        for (const oldest of entries.keys()) {
          if (entries.size <= MOST) break;
          entries.delete(oldest);
        }
      },
    }),
  };
};
