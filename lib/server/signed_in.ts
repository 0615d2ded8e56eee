/** Which sessions are signed in as which account, and how many that may be at once. RFC 5321 §7.8 */

export class SignedIn {
  readonly #most: number;
  readonly #sessions = new Map<string, Set<string>>();
  readonly #accounts = new Map<string, string>();

  /** `most`: sessions of one account at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** False where the account has its full number already. */
  enter(session: string, account: string): boolean {
    this.leave(session); // one that signs in again is somebody else from then on
    const sessions = this.#sessions.get(account) ?? new Set();
    if (sessions.size >= this.#most) return false;
    this.#sessions.set(account, sessions.add(session));
    this.#accounts.set(session, account);
    return true;
  }

  /** The session is over, signed in or not. */
  leave(session: string): void {
    const account = this.#accounts.get(session);
    if (account === undefined) return;
    this.#accounts.delete(session);
    const sessions = this.#sessions.get(account);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(account);
  }
}
