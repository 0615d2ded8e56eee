/**
 * The Layer behind `LoginThrottle`: failed logins are counted by address block and by (account,
 * address block), in memory, within bounds.
 *
 * A pair is slowed down from its first failure and locked at `lockFailures`; a block, which may
 * hold many people behind one address, at many times that. A pair that has signed in lately is
 * not touched by what its block does, so that a neighbour cannot lock an owner out with other
 * names, and nobody can from elsewhere. RFC 4954 §9
 */
import { Clock, Duration, Effect, Layer } from "effect";
import { type Gate, LoginThrottle } from "../ports/login_throttle.ts";
import { addressBlock } from "./address_block.ts";
import { type Counter, makeCounters } from "./failures.ts";

export interface ThrottleOptions {
  /** Longest delay before a login; a longer one is a lock. */
  readonly maxDelay: Duration.Duration;
  /** Failures of a pair until it is locked. */
  readonly lockFailures: number;
  /** How long a lock lasts, and how long failures are remembered after the last one. */
  readonly lock: Duration.Duration;
}

/** A block is slowed down after this many times the failures of a pair's lock, and locked at 5 times. */
const BLOCK_FREE = 0.5;
const BLOCK_LOCK = 5;
/** How long a pair that signed in is in good standing. */
const TRUSTED_MILLIS = Duration.toMillis(Duration.hours(24));
const MOST_TRUSTED = 50_000;
/** Longer names are cut: they are nobody's, and must not fill the memory. */
const LONGEST_NAME = 320;

export const throttleLayer = (o: ThrottleOptions): Layer.Layer<LoginThrottle> =>
  Layer.sync(LoginThrottle, () => {
    const maxDelay = Duration.toMillis(o.maxDelay);
    const lock = Duration.toMillis(o.lock);
    const pairs = makeCounters({ free: 0, lockAt: o.lockFailures, maxDelay, lock });
    const blocks = makeCounters({
      free: Math.ceil(o.lockFailures * BLOCK_FREE),
      lockAt: o.lockFailures * BLOCK_LOCK,
      maxDelay,
      lock,
    });
    const trusted = new Map<string, number>();

    const keys = (clientAddress: string, authcid: string) => {
      const block = addressBlock(clientAddress);
      const name = authcid.slice(0, LONGEST_NAME).normalize("NFKC").toLowerCase();
      return { block, pair: `${block} ${name}` };
    };
    const isTrusted = (pair: string, now: number): boolean => (trusted.get(pair) ?? 0) > now;

    return {
      admit: (clientAddress, authcid) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { block, pair } = keys(clientAddress, authcid);
          const asked: ReadonlyArray<Counter> = isTrusted(pair, now)
            ? [pairs.of(pair)]
            : [pairs.of(pair), blocks.of(block)];
          return gate(asked, now, maxDelay);
        }),
      failed: (clientAddress, authcid) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { block, pair } = keys(clientAddress, authcid);
          pairs.of(pair).fail(now);
          if (!isTrusted(pair, now)) blocks.of(block).fail(now);
        }),
      succeeded: (clientAddress, authcid) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { pair } = keys(clientAddress, authcid);
          pairs.drop(pair);
          trusted.delete(pair);
          trusted.set(pair, now + TRUSTED_MILLIS);
          for (const oldest of trusted.keys()) {
            if (trusted.size <= MOST_TRUSTED) break;
            trusted.delete(oldest);
          }
        }),
    };
  });

/** The strictest answer; a place in the line is taken only where all of them let it through. */
const gate = (asked: ReadonlyArray<Counter>, now: number, maxDelay: number): Gate => {
  const wait = Math.max(...asked.map((c) => c.wait(now)));
  if (wait > maxDelay) return { _tag: "Locked", remaining: Duration.millis(wait) };
  for (const c of asked) c.enter(now);
  return { _tag: "Proceed", delay: Duration.millis(wait) };
};
