/**
 * Remembers what was submitted of late, so that a client that lost the final 250 and sends the same message again
 * gets no second copy of it. In memory, bounded; filled from the table at the start.
 */
import { createHash } from "node:crypto";

export interface Known {
  readonly number: number;
  readonly id: string;
  /** When it was accepted, ms. */
  readonly at: number;
}

/** The oldest are forgotten beyond this. */
export const MOST_REMEMBERED = 100_000;

export class Repeated {
  readonly #windowMs: number;
  readonly #known = new Map<string, Known>();
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

  /** One short text for who, whereto, which message, and what is in it. */
  digest(key: string, body: Uint8Array): string {
    return createHash("sha256").update(key).update(body).digest("base64url");
  }

  find(digest: string, now: number): Known | null {
    const known = this.#known.get(digest) ?? this.#added.find(([d]) => d === digest)?.[1];
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
    for (const [digest, known] of added) {
      this.#known.delete(digest); // the newest stands last
      this.#known.set(digest, known);
    }
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_REMEMBERED) break;
      this.#known.delete(oldest);
    }
  }
}
