/** Which sessions are signed in as which account, and how many that may be at once. RFC 5321 §7.8 */

/** `credential`: see `LoginResult`. */
export interface SessionLogin {
  readonly account: string;
  readonly credential: string | null;
}

export class SignedIn {
  readonly #most: number;
  readonly #sessions = new Map<string, Set<string>>();
  readonly #logins = new Map<string, SessionLogin>();

  /** `most`: sessions of one account at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** False where the account has its full number already. */
  enter(session: string, account: string, credential: string | null = null): boolean {
    this.leave(session); // one that signs in again is somebody else from then on
    const sessions = this.#sessions.get(account) ?? new Set();
    if (sessions.size >= this.#most) return false;
    this.#sessions.set(account, sessions.add(session));
    this.#logins.set(session, { account, credential });
    return true;
  }

  /** Null where nobody signed in. */
  of(session: string): SessionLogin | null {
    return this.#logins.get(session) ?? null;
  }

  /** The session is over, signed in or not. */
  leave(session: string): void {
    const account = this.#logins.get(session)?.account;
    if (account === undefined) return;
    this.#logins.delete(session);
    const sessions = this.#sessions.get(account);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(account);
  }
}
