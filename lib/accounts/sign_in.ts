/** The port `Accounts` over the store: checks logins, finds accounts. */
import { Clock, Effect, Redacted } from "effect";
import type { Accounts, Login, LoginResult } from "../ports/accounts.ts";
import { saslprep } from "../sasl/saslprep.ts";
import { attempt, unavailable } from "./attempt.ts";
import { makeHashQueue } from "./hash_queue.ts";
import type { Memory } from "./memory.ts";
import { readLoginName } from "./names.ts";
import type { Store, StoredAccount } from "./store.ts";
import { checkPassword, fakeVerifier } from "./verifier.ts";

/** Hashes at once and in line. The line is a few seconds long; beyond it the answer is 454. */
const HASHES = 2;
const WAITING = 256;
const MOST_CACHED = 10_000;

const REJECTED: LoginResult = { _tag: "Rejected" };

/** `secret` makes the verifiers of names that nobody has. */
export const makeAccounts = (
  store: Store,
  memory: Memory,
  secret: Uint8Array,
): Accounts["Service"] => {
  const queue = makeHashQueue(HASHES, WAITING);

  /** Whether `authzid` names the account itself. RFC 4616 §2 */
  const mayActAs = (found: StoredAccount, authzid: string): boolean =>
    authzid === "" || store.byLogin(readLoginName(authzid))?.account.id === found.account.id;

  const verify = Effect.fnUntraced(function* (login: Login) {
    const password = saslprep(Redacted.value(login.password));
    if (password === null) return REJECTED;
    const name = readLoginName(login.authcid);
    const found = yield* attempt(() => {
      memory.refresh();
      return store.byLogin(name);
    });
    const who = found === null ? `?${name.key}` : `${found.account.id}#${found.account.revision}`;
    const digest = memory.remembered.digest(who, password);
    const now = yield* Clock.currentTimeMillis;
    if (!memory.remembered.knows(who, digest, now)) {
      const right = yield* Effect.tryPromise({
        try: () =>
          queue.ask(digest, () =>
            checkPassword(
              found?.verifier ?? fakeVerifier(secret, name.key, memory.usualIterations()),
              password,
            )),
        catch: unavailable,
      });
      if (!right || found === null) return REJECTED;
      // what changed while the hash ran counts: a removed account must not come in
      const still = yield* attempt(() => {
        memory.refresh();
        return store.byLogin(name);
      });
      if (still?.account.revision !== found.account.revision) return REJECTED;
      memory.remembered.add(who, digest, yield* Clock.currentTimeMillis);
    }
    if (found === null || !(yield* attempt(() => mayActAs(found, login.authzid)))) return REJECTED;
    return found.account.disabled
      ? { _tag: "Disabled" } satisfies LoginResult
      : { _tag: "Accepted", account: found.account } satisfies LoginResult;
  });

  const find = (id: string) =>
    attempt(() => {
      memory.refresh();
      const known = memory.found.get(id);
      if (known !== undefined) return known;
      const account = store.byPrimary(id)?.account ?? null;
      if (memory.found.size >= MOST_CACHED) memory.found.clear();
      memory.found.set(id, account);
      return account;
    });

  return { verify, find };
};
