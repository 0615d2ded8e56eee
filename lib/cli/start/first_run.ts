/**
 * The first run on a fresh machine: makes a directory with everything that a server needs and that sends nothing
 * anywhere. Existing files are left alone.
 */
import { Clock, Duration, Effect, Redacted } from "effect";
import { join } from "node:path";
import { accountsLayer } from "../../accounts/sqlite.ts";
import { parseMailbox } from "../../address/path.ts";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { makeSelfSigned } from "../../tls/selfsigned.ts";
import { failed, type Failure, reasonOf } from "../../app/failure.ts";
import { DEMO_HOSTNAME } from "../../config/read/demo_account.ts";
import { randomPassword } from "../account/password.ts";

export interface FirstRun {
  /** The configuration file. */
  readonly config: string;
  readonly certificate: string;
  /** `me@postern.localhost` */
  readonly account: string;
  /** Stored in a file beside it, readable by its owner; null once that file is gone. */
  readonly password: Redacted.Redacted<string> | null;
  /** Whether anything was made just now. */
  readonly fresh: boolean;
}

const HOSTNAME = DEMO_HOSTNAME;
const ACCOUNT = `me@${HOSTNAME}`;
/** Apple's TLS takes no longer life from a certificate that a person trusts. */
const CERTIFICATE_DAYS = 820;

export const FIRST_CONFIG = `# Written by \`postern start\`. Relative paths start at this file.
# All keys: docs/config.md, or \`postern config schema\`.
hostname = "${HOSTNAME}"

[listen]
submission = ["127.0.0.1:5870"]  # STARTTLS
submissions = ["127.0.0.1:4650"] # TLS from the first byte

[tls]
certificate = "cert.pem" # self-signed
key = "key.pem"

[spool]
url = "sqlite:demo-spool.db"

[accounts]
url = "sqlite:demo-accounts.db"

[records]
url = "sqlite:demo-records.db"

[[route]]
to = "*"
via = "maildir:outbox" # nothing leaves this machine until a route says so
`;

/** Makes what is missing in `dir`; the configuration comes last, so that its presence means "done". */
export const ensureFirstRun = (dir: string): Effect.Effect<FirstRun, Failure> =>
  Effect.gen(function* () {
    const at = {
      config: join(dir, "postern.toml"),
      certificate: join(dir, "cert.pem"),
      key: join(dir, "key.pem"),
      accounts: join(dir, "demo-accounts.db"),
      password: join(dir, "password"),
    };
    const said = (password: Redacted.Redacted<string> | null, fresh: boolean): FirstRun => ({
      config: at.config,
      certificate: at.certificate,
      account: ACCOUNT,
      password,
      fresh,
    });
    if (yield* exists(at.config)) return said(yield* storedPassword(at.password), false);
    yield* doing(dir, () => Deno.mkdir(dir, { recursive: true, mode: 0o700 }));
    if (!(yield* exists(at.certificate)) || !(yield* exists(at.key))) {
      const now = yield* Clock.currentTimeMillis;
      const made = yield* doing(
        at.certificate,
        () => makeSelfSigned([HOSTNAME, "localhost", "127.0.0.1", "::1"], now, CERTIFICATE_DAYS),
      );
      yield* writeFile(at.key, made.keyPem, 0o600);
      yield* writeFile(at.certificate, made.certificatePem, 0o644);
    }
    const password = yield* ensureAccount(at.accounts, at.password);
    yield* writeFile(at.config, FIRST_CONFIG, 0o644);
    return said(password, true);
  });

const exists = (path: string): Effect.Effect<boolean> =>
  Effect.promise(() => Deno.stat(path).then(() => true, () => false));

const doing = <A>(path: string, work: () => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({ try: work, catch: (e) => failed(`${path}: ${reasonOf(e)}`) });

/** Whole or not at all: under another name first. */
const writeFile = (path: string, text: string, mode: number): Effect.Effect<void, Failure> =>
  doing(path, async () => {
    const draft = `${path}.new`;
    await Deno.remove(draft).catch(() => {});
    await Deno.writeTextFile(draft, text, { mode, createNew: true });
    await Deno.rename(draft, path);
  });

const storedPassword = (path: string): Effect.Effect<Redacted.Redacted<string> | null> =>
  Effect.promise(() =>
    Deno.readTextFile(path).then(
      (text) => text.trim() === "" ? null : Redacted.make(text.trim()),
      () => null,
    )
  );

/** The account with a random password; where a former run got this far, its password is used again. */
const ensureAccount = Effect.fnUntraced(function* (store: string, passwordFile: string) {
  const known = yield* storedPassword(passwordFile);
  const password = known ?? Redacted.make(randomPassword());
  if (known === null) yield* writeFile(passwordFile, `${Redacted.value(password)}\n`, 0o600);
  const primary = parseMailbox(ACCOUNT);
  if (primary === null) return yield* failed(`${ACCOUNT} is no address`);
  const ensure = AccountsAdmin.use((admin) =>
    admin.add({ primary, aliases: [], password }).pipe(
      Effect.catchTag("AddressTaken", (e) => Effect.asVoid(admin.setPassword(e.by, password))),
    )
  );
  const layer = accountsLayer({ path: store, iterations: 100_000, remember: Duration.zero });
  yield* ensure.pipe(
    Effect.provide(layer),
    Effect.mapError((e) =>
      failed(
        `accounts in ${store}: ${e._tag === "AccountsUnavailable" ? reasonOf(e.cause) : e._tag}`,
      )
    ),
  );
  return password;
});
