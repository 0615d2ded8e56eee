/** Failures in the memory of this process, within bounds: the Layer behind `FailureStore`. */
import { Effect, Layer } from "effect";
import { type FailureKey, FailureStore, type FailureTerms } from "../../ports/failure_store.ts";
import { type Counter, type Counters, makeCounters } from "./failures.ts";

/** Two of each login. */
const MOST_TRUSTED = 100_000;

/** Failed logins counted in memory: they are forgotten when the process ends. Bounded; the oldest go first. */
export const failureMemory: Layer.Layer<FailureStore> = Layer.sync(FailureStore, () => {
  const byTerms = new Map<string, Counters>();
  const trusted = new Map<string, number>();

  const counters = (terms: FailureTerms): Counters => {
    const name = JSON.stringify(terms);
    const known = byTerms.get(name) ?? makeCounters(terms);
    byTerms.set(name, known);
    return known;
  };
  const counter = ({ key, terms }: FailureKey): Counter => counters(terms).of(key);

  return {
    admit: (keys, now) =>
      Effect.sync(() => {
        const all = keys.map(counter);
        const wait = Math.max(...all.map((c) => c.wait(now)));
        if (wait <= keys[0].terms.maxDelay) { for (const c of all) c.enter(now); }
        return wait;
      }),
    fail: (keys, now) =>
      Effect.sync(() => {
        for (const k of keys) counter(k).fail(now);
      }),
    forget: ({ key, terms }) => Effect.sync(() => counters(terms).drop(key)),
    trust: (name, until) =>
      Effect.sync(() => {
        trusted.delete(name);
        trusted.set(name, until);
        for (const oldest of trusted.keys()) {
          if (trusted.size <= MOST_TRUSTED) break;
          trusted.delete(oldest);
        }
      }),
    trusted: (name, now) => Effect.sync(() => (trusted.get(name) ?? 0) > now),
  };
});
