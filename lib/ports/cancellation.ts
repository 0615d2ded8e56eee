/**
 * Asks that something under way be called off, where that is still possible. Whoever does the work says what happens
 * then, and goes on to its end where it cannot be undone: to ask is not to end it.
 */
export class Cancellation {
  #requested = false;
  #onRequest: (() => void) | null = null;

  get requested(): boolean {
    return this.#requested;
  }

  /** For whoever waits; more than once is once. */
  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    this.#onRequest?.();
  }

  /** For whoever does the work; null: it is over. */
  onRequest(then: (() => void) | null): void {
    this.#onRequest = then;
  }
}
