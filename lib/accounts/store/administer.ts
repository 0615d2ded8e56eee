/** The port `AccountsAdmin` over the store. */
import { Effect, Redacted } from "effect";
import { printMailbox } from "../../address/mailbox.ts";
import {
  type AccountsAdmin,
  AddressTaken,
  BadPassword,
  CertificateTaken,
  NoSuchAccount,
} from "../../ports/accounts_admin.ts";
import { saslprep } from "../../sasl/saslprep.ts";
import { attempt, unavailable } from "./attempt.ts";
import { FOREIGN_FORMS, readForeign } from "./foreign_hash.ts";
import type { Memory } from "./memory.ts";
import type { Store } from "./store.ts";
import { makeVerifier } from "./verifier.ts";

/** `iterations`: PBKDF2 rounds of passwords set from now on. */
export const makeAdmin = (
  store: Store,
  memory: Memory,
  iterations: number,
): AccountsAdmin["Service"] => {
  const verifierOf = Effect.fnUntraced(function* (password: Redacted.Redacted<string>) {
    const prepared = saslprep(Redacted.value(password));
    if (prepared === null) {
      return yield* new BadPassword({
        reason: Redacted.value(password) === ""
          ? "it is empty"
          : "it holds control characters or others that cannot be used in passwords (RFC 4013)",
      });
    }
    return yield* Effect.tryPromise({
      try: () => makeVerifier(prepared, iterations),
      catch: unavailable,
    });
  });

  /** Our own commits do not show in `data_version`. */
  const change = <A>(work: () => A) =>
    attempt(() => {
      try {
        return work();
      } finally {
        memory.forget();
      }
    });

  const changed = Effect.fnUntraced(function* (id: string, done: boolean) {
    const now = done ? yield* attempt(() => store.byPrimary(id)) : null;
    return now === null ? yield* new NoSuchAccount({ id }) : now.account;
  });

  return {
    add: Effect.fnUntraced(function* (a) {
      const verifier = yield* verifierOf(a.password);
      const result = yield* change(() => store.insert([a.primary, ...a.aliases], verifier));
      if (result._tag === "Taken") {
        return yield* new AddressTaken({ address: result.address, by: result.by });
      }
      const added = yield* attempt(() => store.byPrimary(printMailbox(a.primary)));
      return added === null
        ? yield* unavailable(new Error("the account vanished as it was added"))
        : added.account;
    }),
    list: attempt(store.all),
    setPassword: Effect.fnUntraced(function* (id, password) {
      const verifier = yield* verifierOf(password);
      return yield* changed(id, yield* change(() => store.setVerifier(id, verifier)));
    }),
    setHash: Effect.fnUntraced(function* (id, hash) {
      const text = Redacted.value(hash).trim();
      const foreign = readForeign(text);
      if (foreign === null) {
        return yield* new BadPassword({
          reason: `as a hash it has to begin with ${FOREIGN_FORMS}`,
        });
      }
      const done = yield* change(() =>
        foreign._tag === "Keys"
          ? store.setVerifier(id, foreign.verifier)
          : store.setImported(id, text)
      );
      return yield* changed(id, done);
    }),
    setDisabled: Effect.fnUntraced(function* (id, disabled) {
      return yield* changed(id, yield* change(() => store.setDisabled(id, disabled)));
    }),
    setMinimum: Effect.fnUntraced(function* (id, minimum) {
      return yield* changed(id, yield* change(() => store.setMinimum(id, minimum)));
    }),
    setCertificates: Effect.fnUntraced(function* (id, fingerprints) {
      const result = yield* change(() => store.setCertificates(id, fingerprints));
      if (result._tag === "Taken") return yield* new CertificateTaken({ by: result.by });
      return yield* changed(id, result._tag === "Done");
    }),
    remove: Effect.fnUntraced(function* (id) {
      if (!(yield* change(() => store.remove(id)))) return yield* new NoSuchAccount({ id });
    }),
  };
};
