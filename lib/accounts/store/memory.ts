/** The cache of the store, dropped as soon as anything changes there. */
import { Duration } from "effect";
import type { Account } from "../../ports/accounts.ts";
import { makeRemembered, type Remembered } from "./remembered.ts";
import type { Store } from "./store.ts";

export interface Memory {
  readonly remembered: Remembered;
  readonly found: Map<string, Account | null>;
  /** Rounds for names that nobody has: those that most accounts have, so that time does not tell. */
  readonly usualIterations: () => number;
  /** Domains that names nobody has are taken to be in. */
  readonly domains: () => ReadonlyArray<string>;
  /** Every domain of an account's address. */
  readonly allDomains: () => ReadonlySet<string>;
  /** Throws what SQLite throws. */
  readonly refresh: () => void;
  readonly forget: () => void;
}

/**
 * `remember`: how long a successful login is known; `iterations`: the rounds to pretend while there
 * is no account. Changes of other processes are noticed by `refresh`, our own need `forget`.
 */
export const makeMemory = (
  store: Store,
  o: {
    readonly remember: Duration.Duration;
    readonly iterations: number;
    /** How long an answer about changes of other processes holds; absent: ask every time. */
    readonly recheck?: Duration.Duration;
  },
): Memory => {
  const remembered = makeRemembered(Duration.toMillis(o.remember));
  const found = new Map<string, Account | null>();
  const recheckMs = o.recheck === undefined ? 0 : Duration.toMillis(o.recheck);
  let version = store.dataVersion();
  let checkedAt = -Infinity;
  let iterations: number | null = null;
  let domains: ReadonlyArray<string> | null = null;
  let allDomains: ReadonlySet<string> | null = null;
  const forget = (): void => {
    remembered.forget();
    found.clear();
    iterations = null;
    domains = null;
    allDomains = null;
  };
  return {
    remembered,
    found,
    usualIterations: () => iterations ??= store.usualIterations() ?? o.iterations,
    domains: () => domains ??= store.domains(),
    allDomains: () => allDomains ??= store.allDomains(),
    refresh: () => {
      // asking SQLite costs more than all else that is done for a known account
      if (recheckMs > 0) {
        const at = performance.now();
        if (at - checkedAt < recheckMs) return;
        checkedAt = at;
      }
      const now = store.dataVersion();
      if (now !== version) forget();
      version = now;
    },
    forget,
  };
};
