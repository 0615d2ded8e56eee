/** Which sessions are signed in as which account, and how many that may be at once. RFC 5321 §7.8 */
import type { Claim } from "../../envelope/login.ts";
import type { Credentials } from "../../ports/routes.ts";

/** `credential`: see `LoginResult`. */
export interface SessionLogin {
  readonly account: string;
  readonly credential: string | null;
  /** Name and password as they were shown, for a next hop that wants them; null: none was, or no hop does. */
  readonly login: Credentials | null;
}

/** Who is signed in on which session, and how many sessions an account has. */
export class SignedIn {
  readonly #most: number;
  readonly #forwards: boolean;
  readonly #sessions = new Map<string, Set<string>>();
  readonly #logins = new Map<string, SessionLogin>();

  /** `most`: sessions of one account at once. `forwards`: a route forwards logins; else no password is kept. */
  constructor(most: number, forwards = false) {
    this.#most = most;
    this.#forwards = forwards;
  }

  /** False where the account has its full number already. */
  enter(
    session: string,
    account: string,
    credential: string | null = null,
    claim: Claim | null = null,
  ): boolean {
    this.leave(session); // one that signs in again is somebody else from then on
    const sessions = this.#sessions.get(account) ?? new Set();
    if (sessions.size >= this.#most) return false;
    this.#sessions.set(account, sessions.add(session));
    const login = this.#forwards && claim?._tag === "Password"
      ? { username: claim.login.authcid, password: claim.login.password }
      : null;
    this.#logins.set(session, { account, credential, login });
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
