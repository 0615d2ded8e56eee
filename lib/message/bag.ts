/**
 * A set for members that come and go all the time.
 *
 * A Set leaves its old table behind each time it grows or shrinks, with all that was in it and a link to the next
 * one. Once such a table has moved to the old part of the heap, it keeps everything alive that came later, until
 * the whole heap is collected: measured, that doubles the memory of a server. An array leaves nothing behind.
 * Removal scans all members, so that this suits hundreds or thousands, not millions.
 */
export class Bag<A> {
  readonly #all: Array<A> = [];

  get size(): number {
    return this.#all.length;
  }

  has(a: A): boolean {
    return this.#all.includes(a);
  }

  /** Nothing happens where it is there already. */
  add(a: A): void {
    if (!this.has(a)) this.#all.push(a);
  }

  /** False where it was not there. */
  delete(a: A): boolean {
    const at = this.#all.indexOf(a);
    if (at < 0) return false;
    const last = this.#all.pop();
    if (at < this.#all.length && last !== undefined) this.#all[at] = last;
    return true;
  }

  /** In no order; those who leave meanwhile do not disturb it. */
  [Symbol.iterator](): Iterator<A> {
    return [...this.#all].values();
  }
}
