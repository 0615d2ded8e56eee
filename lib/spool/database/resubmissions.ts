/**
 * Remembers recent submissions, so that a client that lost the final 250 and sends the same message again gets no
 * second copy of it. In memory, bounded; filled from the table at the start.
 */
import type { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { DigestTable, type Known } from "./digest_table.ts";

/** Two of them are kept: the older is forgotten as a whole, which costs nothing for each message. */
const GENERATION = 50_000;
export const MOST_REMEMBERED = 2 * GENERATION;

export class Resubmissions {
  readonly #windowMs: number;
  #young = new DigestTable(GENERATION);
  #old: DigestTable | null = null;
  /** Numbers of those that all recipients got and that left no trace in the table; the oldest first. */
  readonly #delivered = new Set<number>();
  /** Added in the transaction under way. */
  #added: Array<{ readonly digest: Buffer; readonly known: Known }> = [];

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

  find(digest: Buffer, now: number): Known | null {
    const known = this.#added.find((a) => a.digest.equals(digest))?.known ??
      this.#young.get(digest) ?? this.#old?.get(digest) ?? null;
    return known !== null && known.at > this.since(now) && known.at <= now + this.#windowMs
      ? known
      : null;
  }

  /** Every recipient has it, and its rows go. */
  delivered(number: number): void {
    if (!this.on) return;
    this.#delivered.add(number);
    if (this.#delivered.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#delivered) {
      this.#delivered.delete(oldest);
      break;
    }
  }

  /** Of a message that is not in the table. */
  wasDelivered(number: number): boolean {
    return this.#delivered.has(number);
  }

  /** Counts once `settle` says that the transaction holds. */
  add(digest: Buffer, known: Known): void {
    this.#added.push({ digest, known });
  }

  /** The transaction is over; what came of it. */
  settle(committed: boolean): void {
    const added = this.#added;
    if (added.length === 0) return;
    this.#added = [];
    if (!committed) return;
    for (const { digest, known } of added) {
      if (this.#young.full) {
        this.#old = this.#young;
        this.#young = new DigestTable(GENERATION);
      }
      this.#young.set(digest, known);
    }
  }
}
