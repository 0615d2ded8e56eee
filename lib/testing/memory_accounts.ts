/** Accounts in a Map, with clear passwords: for tests, and proof that the ports ask for no SQLite. */
import { Context, Effect, Layer, Redacted } from "effect";
import { strongEnough } from "../envelope/strength.ts";
import { deriveKeys, fakeVerifier } from "../accounts/store/verifier.ts";
import { domainKey } from "../address/domain.ts";
import { type Mailbox, printMailbox } from "../address/mailbox.ts";
import { parseMailbox } from "../address/path.ts";
import { type Account, Accounts, type LoginResult } from "../ports/accounts.ts";
import {
  AccountsAdmin,
  AddressTaken,
  BadPassword,
  CertificateTaken,
  NoSuchAccount,
} from "../ports/accounts_admin.ts";
import { saslprep } from "../sasl/saslprep.ts";

interface Kept {
  readonly account: Account;
  readonly password: string;
}

/** One salt for all will do here. */
const SALT = new Uint8Array(16).fill(7);

const key = (m: Mailbox): string => `${m.local.toLowerCase()}@${domainKey(m.domain)}`;

const keyOf = (text: string): string | null => {
  const m = parseMailbox(text);
  return m === null ? null : key(m);
};

const addresses = (a: Account): ReadonlyArray<Mailbox> => [a.primary, ...a.aliases];

/** Both ports, empty at first. */
export const memoryAccounts: Layer.Layer<Accounts | AccountsAdmin> = Layer.effectContext(
  Effect.sync(() => {
    const kept = new Map<string, Kept>();
    let revision = 0;

    const byName = (name: string): Kept | null => {
      const fits = [...kept.values()].filter(({ account }) =>
        addresses(account).some((m) =>
          name.includes("@") ? key(m) === keyOf(name) : m.local.toLowerCase() === name.toLowerCase()
        )
      );
      return fits.length === 1 ? fits[0] ?? null : null;
    };

    const prepare = (password: Redacted.Redacted<string>) => {
      const prepared = saslprep(Redacted.value(password));
      return prepared === null
        ? Effect.fail(new BadPassword({ reason: "cannot be used" }))
        : Effect.succeed(prepared);
    };

    const change = (id: string, f: (k: Kept) => Partial<Kept["account"]> & { password?: string }) =>
      Effect.suspend(() => {
        const at = keyOf(id) ?? "";
        const old = kept.get(at);
        if (old === undefined) return Effect.fail(new NoSuchAccount({ id }));
        const { password = old.password, ...rest } = f(old);
        const account = { ...old.account, ...rest, revision: ++revision };
        kept.set(at, { account, password });
        return Effect.succeed(account);
      });

    const admit = (
      { account }: Kept,
      { authzid, mechanism }: { readonly authzid: string; readonly mechanism: string },
    ): LoginResult => {
      if (authzid !== "" && byName(authzid)?.account.id !== account.id) return { _tag: "Rejected" };
      if (account.disabled) return { _tag: "Disabled" };
      return strongEnough(mechanism, account.minimum)
        ? { _tag: "Accepted", account }
        : { _tag: "TooWeak" };
    };

    return Context.make(Accounts, {
      find: (id) => Effect.sync(() => kept.get(keyOf(id) ?? "")?.account ?? null),
      hasDomain: (domain) =>
        Effect.sync(() =>
          [...kept.values()].some(({ account }) =>
            addresses(account).some((m) => domainKey(m.domain) === domain)
          )
        ),
      verify: (login) =>
        Effect.sync((): LoginResult => {
          const authcid = saslprep(login.authcid);
          const found = authcid === null ? null : byName(authcid);
          const right = found !== null &&
            found.password === saslprep(Redacted.value(login.password));
          return right ? admit(found, login) : { _tag: "Rejected" };
        }),
      keys: (authcid, hash) =>
        Effect.promise(async () => {
          const prepared = saslprep(authcid);
          const found = prepared === null ? null : byName(prepared);
          if (found === null) {
            const { salt, iterations, ...fake } = fakeVerifier(SALT, prepared ?? authcid, 4096);
            const made = hash === "SHA-1" ? fake.sha1 ?? fake : fake;
            return { ...made, salt, iterations, revision: null };
          }
          const made = await deriveKeys(found.password, SALT, 4096, hash);
          return { ...made, salt: SALT, iterations: 4096, revision: found.account.revision };
        }),
      identify: (who) =>
        Effect.sync((): LoginResult => {
          const authcid = saslprep(who.authcid);
          const found = authcid === null ? null : byName(authcid);
          const fresh = who.revision === undefined || who.revision === found?.account.revision;
          return found !== null && fresh ? admit(found, who) : { _tag: "Rejected" };
        }),
      certified: (c) =>
        Effect.sync(() => {
          const all = [...kept.values()].map((k) => k.account);
          const pinned = all.find((a) => a.certificates.includes(c.fingerprint));
          if (pinned !== undefined) return pinned;
          const owners = new Set(
            c.addresses.flatMap((a) => a.includes("@") ? byName(a)?.account ?? [] : []),
          );
          const [only] = owners;
          return only === undefined || owners.size > 1 ? null : only;
        }),
    }).pipe(Context.add(AccountsAdmin, {
      add: Effect.fnUntraced(function* (a) {
        const password = yield* prepare(a.password);
        for (const m of [a.primary, ...a.aliases]) {
          const owner = byName(printMailbox(m));
          if (owner !== null) {
            return yield* new AddressTaken({ address: printMailbox(m), by: owner.account.id });
          }
        }
        const account: Account = {
          id: printMailbox(a.primary),
          primary: a.primary,
          aliases: a.aliases,
          disabled: false,
          minimum: "plain",
          certificates: [],
          revision: ++revision,
        };
        kept.set(key(a.primary), { account, password });
        return account;
      }),
      list: Effect.sync(() =>
        [...kept.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, k]) => k.account)
      ),
      setPassword: Effect.fnUntraced(function* (id, clear) {
        const password = yield* prepare(clear);
        return yield* change(id, () => ({ password }));
      }),
      setHash: () => Effect.fail(new BadPassword({ reason: "only clear ones here" })),
      setDisabled: (id, disabled) => change(id, () => ({ disabled })),
      setMinimum: (id, minimum) => change(id, () => ({ minimum })),
      setCertificates: (id, fingerprints) =>
        Effect.gen(function* () {
          const other = [...kept.values()].find(({ account }) =>
            account.id !== id && fingerprints.some((f) => account.certificates.includes(f))
          );
          if (other !== undefined) return yield* new CertificateTaken({ by: other.account.id });
          return yield* change(id, () => ({ certificates: [...new Set(fingerprints)].sort() }));
        }),
      remove: (id) =>
        Effect.suspend(() =>
          kept.delete(keyOf(id) ?? "") ? Effect.void : Effect.fail(new NoSuchAccount({ id }))
        ),
    }));
  }),
);
