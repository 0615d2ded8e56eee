/**
 * Remembers what was submitted of late, so that a client that lost the final 250 and sends the same message again
 * gets no second copy of it. In memory, bounded; filled from the table at the start.
 */
import { createHash, type Hash } from "node:crypto";

export interface Known {
  readonly number: number;
  readonly id: string;
  /** When it was accepted, ms. */
  readonly at: number;
}

/** Two of them are kept: the older is forgotten as a whole, which costs nothing for each message. */
const GENERATION = 50_000;
export const MOST_REMEMBERED = 2 * GENERATION;

export class Repeated {
  readonly #windowMs: number;
  #young = new Map<string, Known>();
  #old: ReadonlyMap<string, Known> = new Map();
  /** Added in the transaction under way. */
  #added: Array<readonly [string, Known]> = [];

  /** `windowMs` zero: nothing is remembered. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get on(): boolean {
    return this.#windowMs > 0;
  }

  /** `since` which a message must have been accepted to count, at a time in ms. */
  since(now: number): number {
    return now - this.#windowMs;
  }

  /** Begins one short text for who, whereto, which message; what is in it follows. */
  digest(key: string): Hash {
    return createHash("sha256").update(`${key.length}:${key}`);
  }

  find(digest: string, now: number): Known | null {
    const known = this.#added.find(([d]) => d === digest)?.[1] ?? this.#young.get(digest) ??
      this.#old.get(digest);
    return known !== undefined && known.at > this.since(now) ? known : null;
  }

  /** Counts once `settle` says that the transaction holds. */
  add(digest: string, known: Known): void {
    this.#added.push([digest, known]);
  }

  /** The transaction is over; what came of it. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = [];
    if (!committed) return;
    for (const [digest, known] of added) this.#young.set(digest, known);
    if (this.#young.size < GENERATION) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
