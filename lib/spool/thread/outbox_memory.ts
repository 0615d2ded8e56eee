/** The outbox of a node that has no spool: in memory, bounded, gone with the process. Implements `ports/outbox.ts`. */
import { Effect } from "effect";
import type { Listeners, Outbox } from "../../ports/outbox.ts";
import { Signal } from "../../timing/signal.ts";

interface Kept {
  readonly at: number;
  readonly json: string;
}

export const memoryOutbox = (
  { names, kinds, keepMs, most }: Listeners,
  now: () => number = Date.now,
): Outbox["Service"] => {
  const kept: Array<Kept> = [];
  /** Number of the first event that is kept; they follow each other. */
  let first = 0;
  const places = new Map(names.map((name) => [name, { next: 0, dropped: 0 }]));
  const changed = new Signal();

  /** What all have taken goes, and what is too old or too much. */
  const trim = (): void => {
    const old = kept.findIndex((e) => e.at >= now() - keepMs);
    const end = first + Math.max(kept.length - most, old < 0 ? kept.length : old);
    for (const p of places.values()) {
      p.dropped += Math.max(0, end - p.next);
      p.next = Math.max(p.next, end);
    }
    const taken = Math.min(...Array.from(places.values(), (p) => p.next));
    kept.splice(0, taken - first);
    first = Math.max(first, taken);
  };

  return {
    next: (listener, limit) =>
      Effect.sync(() => {
        trim();
        const { next, dropped } = places.get(listener) ?? { next: first, dropped: 0 };
        const events = kept.slice(next - first, next - first + limit).map((e) => e.json);
        return { events, upTo: next + events.length, dropped };
      }),
    taken: (listener, { upTo, dropped }) =>
      Effect.sync(() => {
        const place = places.get(listener);
        if (place === undefined) return;
        place.next = Math.max(place.next, upTo);
        place.dropped = Math.max(0, place.dropped - dropped);
        trim();
      }),
    add: (events) =>
      Effect.sync(() => {
        const at = now();
        for (const told of events) {
          if (names.length === 0 || !kinds.includes(told.event)) continue;
          const event = { id: crypto.randomUUID(), at: new Date(at).toISOString(), ...told };
          kept.push({ at, json: JSON.stringify(event) });
        }
        if (kept.length > most) trim();
        changed.wake();
      }),
    more: changed.next,
  };
};
