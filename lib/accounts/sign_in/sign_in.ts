/** The port `Accounts` over the store: checks passwords, hands out keys, finds accounts. */
import { Clock, Effect, Redacted } from "effect";
import type { ScramHash } from "../../envelope/login.ts";
import { strongEnough } from "../../envelope/strength.ts";
import type { Accounts, Identified, Login, LoginResult } from "../../ports/accounts.ts";
import { saslprep } from "../../sasl/saslprep.ts";
import { attempt, unavailable } from "../store/attempt.ts";
import { accountOf } from "../store/certified.ts";
import { foreignFits } from "./foreign_fits.ts";
import { makeHashQueue } from "./hash_queue.ts";
import type { HashThread } from "./hash_thread.ts";
import type { Memory } from "../store/memory.ts";
import { type LoginName, readLoginName } from "../store/names.ts";
import { decoyAddress } from "./decoy_address.ts";
import type { Store, StoredAccount } from "../store/store.ts";
import { checkPassword, fakeVerifier, makeVerifier, withSha1 } from "../store/verifier.ts";

/** Hashes at once and in line. The line is a few seconds long; beyond it the answer is 454. */
const HASHES = 2;
const WAITING = 256;
const MOST_CACHED = 10_000;

const REJECTED: LoginResult = { _tag: "Rejected" };

/** `secret` makes the verifiers of names that nobody has; `thread` checks hashes of other servers. */
export const makeAccounts = (
  store: Store,
  memory: Memory,
  secret: Uint8Array,
  thread: HashThread,
): Accounts["Service"] => {
  const queue = makeHashQueue(HASHES, WAITING);

  /** Whether `authzid` names the account itself. RFC 4616 §2 */
  const mayActAs = (found: StoredAccount, authzid: string): boolean =>
    authzid === "" || store.byLogin(readLoginName(authzid))?.account.id === found.account.id;

  /** What is left to say once it is sure who it is. */
  const admit = (found: StoredAccount, authzid: string, mechanism: string): LoginResult => {
    const { account } = found;
    if (!mayActAs(found, authzid)) return REJECTED;
    if (account.disabled) return { _tag: "Disabled" };
    if (!strongEnough(mechanism, account.minimum)) return { _tag: "TooWeak" };
    return { _tag: "Accepted", account };
  };

  /** Whether it is the password: by our verifier or, for now, by a hash of another server. */
  const fits = async (
    found: StoredAccount | null,
    name: LoginName,
    login: Login,
    prepared: string,
  ): Promise<boolean> => {
    const imported = found?.imported ?? null;
    if (found !== null && imported === null) return await checkPassword(found.verifier, prepared);
    // what nobody has costs what others cost, and what is checked otherwise costs that besides
    await checkPassword(fakeVerifier(secret, name.key, memory.usualIterations()), prepared);
    return imported !== null &&
      await foreignFits(thread, imported, Redacted.value(login.password));
  };

  /** Keys that were never made are made now that the password is known. RFC 4954 §6 */
  const complete = Effect.fnUntraced(function* (found: StoredAccount, password: string) {
    const { account: { id, revision }, verifier, imported } = found;
    if (verifier.sha1 !== null && imported === null) return;
    const made = yield* Effect.tryPromise({
      try: () =>
        imported === null
          ? withSha1(verifier, password)
          : makeVerifier(password, memory.usualIterations()),
      catch: unavailable,
    });
    yield* attempt(() => store.upgrade(id, revision, made));
  }, Effect.ignore({ log: "Warn" })); // the login is right, keys or no keys

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
        try: () => queue.ask(digest, () => fits(found, name, login, password)),
        catch: unavailable,
      });
      if (!right || found === null) return REJECTED;
      // what changed while the hash ran counts: a removed account must not come in
      const still = yield* attempt(() => {
        memory.refresh();
        return store.byLogin(name);
      });
      if (still?.account.revision !== found.account.revision) return REJECTED;
      yield* complete(found, password);
      memory.remembered.add(who, digest, yield* Clock.currentTimeMillis);
    }
    if (found === null) return REJECTED;
    return yield* attempt(() => admit(found, login.authzid, login.mechanism));
  });

  const keys = (authcid: string, hash: ScramHash) =>
    attempt(() => {
      memory.refresh();
      const name = readLoginName(authcid);
      const found = store.byLogin(name);
      // what is shown for a name that nobody has must neither look nor cost otherwise
      const pretended = decoyAddress(name, secret, memory.domains());
      const fake = fakeVerifier(secret, pretended.key, memory.usualIterations());
      const other = found === null ? store.byLogin(pretended) : null;
      if (found === null && other === null) store.decoy();
      // the password has to be shown once before there are keys
      if (found !== null && found.imported !== null) return null;
      const { salt, iterations, ...verifier } = (found ?? other)?.verifier ?? fake;
      const made = hash === "SHA-1" ? verifier.sha1 : verifier;
      return made === null ? null : {
        salt,
        iterations,
        storedKey: made.storedKey,
        serverKey: made.serverKey,
        revision: found?.account.revision ?? null,
      };
    });

  const identify = (who: Identified) =>
    attempt(() => {
      memory.refresh();
      const found = store.byLogin(readLoginName(who.authcid));
      if (found === null) return REJECTED;
      if (who.revision !== undefined && who.revision !== found.account.revision) return REJECTED;
      return admit(found, who.authzid, who.mechanism);
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

  const certified: Accounts["Service"]["certified"] = (certificate) =>
    attempt(() => accountOf(store, certificate));

  const hasDomain: Accounts["Service"]["hasDomain"] = (domain) =>
    attempt(() => {
      memory.refresh();
      return memory.allDomains().has(domain);
    });

  return { verify, keys, identify, certified, find, hasDomain };
};
