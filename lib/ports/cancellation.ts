/**
 * Asks for something under way to be cancelled, if that is still possible. The worker decides what happens then,
 * and continues to its end where it cannot be undone: to ask is not to end it.
 */
export class Cancellation {
  #requested = false;
  #onRequest: (() => void) | null = null;

  get requested(): boolean {
    return this.#requested;
  }

  /** For the caller; idempotent. */
  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    this.#onRequest?.();
  }

  /** For the worker; null: it is over. */
  onRequest(then: (() => void) | null): void {
    this.#onRequest = then;
  }
}
