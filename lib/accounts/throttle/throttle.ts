/**
 * The Layer behind `LoginThrottle`: failed logins are counted by address block and by (account,
 * address block), in the store that it is given.
 *
 * A pair is slowed down from its first failure and locked at `lockFailures`; a block, which may hold many people
 * behind one address, at many times that. A pair that recently signed in is not affected by its block, so that a
 * neighbour cannot lock an owner out with other names, and no one can from elsewhere. The very address that it has
 * signed in from has a counter and a line of its own: attempts of neighbours for the same account neither lock it
 * nor delay it, and a success there does not clear theirs. RFC 4954 §9
 */
import { Clock, Duration, Effect, Layer } from "effect";
import { FailureStore, type FailureTerms } from "../../ports/failure_store.ts";
import { type Gate, LoginThrottle } from "../../ports/login_throttle.ts";
import { addressBlock, addressText } from "./address_block.ts";

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
/** Longer names are cut: no account has them, and they must not fill the memory. */
const LONGEST_NAME = 320;

/**
 * Delays logins from addresses that have failed before, and locks an account for an address block that failed too
 * often (454 4.7.0). RFC 4954 §9
 */
export const throttleLayer = (
  o: ThrottleOptions,
): Layer.Layer<LoginThrottle, never, FailureStore> =>
  Layer.effect(
    LoginThrottle,
    Effect.gen(function* () {
      const store = yield* FailureStore;
      const maxDelay = Duration.toMillis(o.maxDelay);
      const lock = Duration.toMillis(o.lock);
      const pairTerms: FailureTerms = { free: 0, lockAt: o.lockFailures, maxDelay, lock };
      const blockTerms: FailureTerms = {
        free: Math.ceil(o.lockFailures * BLOCK_FREE),
        lockAt: o.lockFailures * BLOCK_LOCK,
        maxDelay,
        lock,
      };

      const keysOf = (clientAddress: string, authcid: string) => {
        const block = addressBlock(clientAddress);
        const name = authcid.slice(0, LONGEST_NAME).normalize("NFKC").toLowerCase();
        return {
          own: { key: `${addressText(clientAddress)} ${name}`, terms: pairTerms },
          pair: { key: `${block} ${name}`, terms: pairTerms },
          block: { key: block, terms: blockTerms },
        };
      };

      /** The address where it is in good standing; else the pair, and the block where the pair is not. */
      const counted = Effect.fnUntraced(function* (address: string, authcid: string, now: number) {
        const { own, pair, block } = keysOf(address, authcid);
        if (yield* store.trusted(own.key, now)) return [own] as const;
        return (yield* store.trusted(pair.key, now)) ? [pair] as const : [pair, block] as const;
      });

      return {
        admit: Effect.fnUntraced(function* (clientAddress: string, authcid: string) {
          const now = yield* Clock.currentTimeMillis;
          const keys = yield* counted(clientAddress, authcid, now);
          const wait = yield* store.admit(keys, now);
          return wait > maxDelay
            ? {
              _tag: "Locked",
              remaining: Duration.millis(wait),
              delay: o.maxDelay,
            } satisfies Gate
            : { _tag: "Proceed", delay: Duration.millis(wait) } satisfies Gate;
        }),
        failed: Effect.fnUntraced(function* (clientAddress: string, authcid: string) {
          const now = yield* Clock.currentTimeMillis;
          yield* store.fail(yield* counted(clientAddress, authcid, now), now);
        }),
        succeeded: Effect.fnUntraced(function* (clientAddress: string, authcid: string) {
          const now = yield* Clock.currentTimeMillis;
          const { own, pair } = keysOf(clientAddress, authcid);
          // a neighbour's failures stay where the address has a counter of its own
          yield* store.forget((yield* store.trusted(own.key, now)) ? own : pair);
          yield* store.trust(own.key, now + TRUSTED_MILLIS);
          yield* store.trust(pair.key, now + TRUSTED_MILLIS);
        }),
      };
    }),
  );
