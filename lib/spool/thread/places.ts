/**
 * Shared state of each operation of the batch that is out: the event loop may withdraw it until the database thread
 * has begun it. It is shared memory, so that the answer is certain while the thread waits for a lock and reads no
 * message.
 */

/** Operations of one batch at most. */
export const MAX_BATCH = 1000;

const WAITING = 0, WITHDRAWN = 1, BEGUN = 2;

export class Places {
  readonly buffer: SharedArrayBuffer;
  readonly #states: Int32Array;

  constructor(buffer = new SharedArrayBuffer(MAX_BATCH * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#states = new Int32Array(buffer);
  }

  /** A new batch; the thread is idle. */
  reset(): void {
    this.#states.fill(WAITING);
  }

  /** True: it will never be begun. False: it was begun, and how it ends is to be waited for. */
  withdraw(place: number): boolean {
    return Atomics.compareExchange(this.#states, place, WAITING, WITHDRAWN) !== BEGUN;
  }

  /** On the thread, with the database's lock in hand. False: it was withdrawn. What fails may be begun once more. */
  begin(place: number): boolean {
    return Atomics.compareExchange(this.#states, place, WAITING, BEGUN) !== WITHDRAWN;
  }
}
