/**
 * Accounts in a SQLite file: the Layer behind the ports `Accounts`, `AccountsAdmin`, `RightsAdmin` and
 * `Correspondents`.
 */
import { Context, type Duration, Effect, Layer } from "effect";
import { Accounts, type AccountsUnavailable } from "../ports/accounts.ts";
import { AccountsAdmin } from "../ports/accounts_admin.ts";
import { KnownClients } from "../ports/known_clients.ts";
import { RightsAdmin } from "../ports/rights_admin.ts";
import { watchDatabase } from "../files/watched_database.ts";
import type { Group } from "../address/grant.ts";
import { makeAdmin } from "./store/administer.ts";
import { makeRightsAdmin } from "./store/administer_rights.ts";
import { Correspondents } from "../ports/correspondents.ts";
import { attempt } from "./store/attempt.ts";
import { makeCorrespondents } from "./usual/correspondents.ts";
import { openDatabase } from "./store/database.ts";
import { HashThread } from "./sign_in/hash_thread.ts";
import { makeKnownClients } from "./usual/known_clients.ts";
import { makeMemory } from "./store/memory.ts";
import { makeRightsStore } from "./store/rights_store.ts";
import { makeAccounts } from "./sign_in/sign_in.ts";
import { makeStore } from "./store/store.ts";

export interface AccountsOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** PBKDF2 rounds of passwords set from now on. */
  readonly iterations: number;
  /** How long a successful login is remembered. */
  readonly remember: Duration.Duration;
  /** How stale the view of changes by other processes may be; absent: not at all. */
  readonly recheck?: Duration.Duration;
  /** For looking only: nothing is written, the file must exist. */
  readonly readOnly?: boolean;
  /** Groups of the configuration, beside those in the store. */
  readonly groups?: ReadonlyArray<Group>;
}

/**
 * All ports over one connection. What another process changes is noticed at the next question, by
 * SQLite's `data_version`. Fails where the file cannot be opened or is not ours.
 */
export const accountsLayer = (
  o: AccountsOptions,
): Layer.Layer<
  Accounts | AccountsAdmin | RightsAdmin | Correspondents | KnownClients,
  AccountsUnavailable
> =>
  Layer.effectContext(Effect.gen(function* () {
    const db = yield* Effect.acquireRelease(
      attempt(() => openDatabase(o)),
      (open) => Effect.sync(() => open.close()),
    );
    if (o.path !== ":memory:" && o.readOnly !== true) {
      yield* Effect.forkScoped(watchDatabase(
        o.path,
        "accounts that are changed, locked or removed now are not seen, and logins go by what was there before",
      ));
    }
    const rights = yield* attempt(() => makeRightsStore(db, o.groups ?? []));
    const store = yield* attempt(() => makeStore(db, rights));
    const memory = yield* attempt(() => makeMemory(store, o));
    const secret = yield* attempt(store.secret);
    const thread = yield* Effect.acquireRelease(
      Effect.sync(() => new HashThread()),
      (t) => Effect.sync(() => t.close()),
    );
    return Context.make(Accounts, makeAccounts(store, memory, secret, thread)).pipe(
      Context.add(AccountsAdmin, makeAdmin(store, memory, o.iterations)),
      Context.add(RightsAdmin, makeRightsAdmin(rights, memory)),
      Context.add(Correspondents, yield* attempt(() => makeCorrespondents(db, store, secret))),
      Context.add(KnownClients, yield* attempt(() => makeKnownClients(db, store, secret))),
    );
  }));
