/** The last offers of next hops, in memory, bounded in number and time. Implements `ports/hop_memory.ts`. */
import { Layer } from "effect";
import { HopMemory, type RememberedOffer } from "../../ports/hop_memory.ts";

/** Hops that are remembered; beyond that the one that was learnt of first goes. */
const MAX_HOPS = 1_000;
/** A hop that has learnt something is not refused for what it did not know for longer than this. */
const MAX_AGE_MS = 15 * 60_000;

export class Memory {
  readonly #known = new Map<string, { readonly offer: RememberedOffer; readonly at: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  readonly recall = (hop: string): RememberedOffer | null => {
    const known = this.#known.get(hop);
    return known === undefined || this.#now() - known.at > MAX_AGE_MS ? null : known.offer;
  };

  readonly learn = (hop: string, offer: RememberedOffer): void => {
    this.#known.delete(hop);
    if (this.#known.size >= MAX_HOPS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(hop, { offer, at: this.#now() });
  };
}

/** One memory, shared by the relay that learns and the stages that ask. */
export const memoryLayer: Layer.Layer<never> = Layer.sync(HopMemory, () => new Memory());
