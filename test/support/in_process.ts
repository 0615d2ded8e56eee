/** The whole server inside the test's own process, so that metrics and the accounts' file can be looked at. */
import { join } from "node:path";
import { Duration, Effect, Fiber, Redacted } from "effect";
import { accountsLayer } from "../../lib/accounts/sqlite.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import { serve } from "../../lib/app/serve.ts";
import type { Config } from "../../lib/config/config.ts";
import { parseConfig } from "../../lib/config/read/parse.ts";
import type { Accounts } from "../../lib/ports/accounts.ts";
import { AccountsAdmin } from "../../lib/ports/accounts_admin.ts";
import type { Listening } from "../../lib/server/server.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { defaultPolicies } from "../../policies/default.ts";

export interface InProcess {
  readonly dir: string;
  readonly submission: number;
  readonly submissions: number;
  readonly user: string;
  readonly password: string;
  /** Works on the accounts as another process would. */
  readonly accounts: <A, E>(work: Effect.Effect<A, E, Accounts | AccountsAdmin>) => Promise<A>;
}

export interface InProcessOptions {
  /** TOML behind the rest; begins with a table. */
  readonly more?: string;
  /** Lines for `[listen]`. */
  readonly listen?: string;
  /** Lines for `[tls]`. */
  readonly tls?: string;
  /** Makes files that the configuration names, before it is read. */
  readonly prepare?: (dir: string) => Promise<void>;
}

const config = (dir: string, o: InProcessOptions): Config => {
  const text = `hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:0"]
submissions = ["127.0.0.1:0"]
${o.listen ?? ""}
[tls]
certificate = "cert.pem"
key = "key.pem"
${o.tls ?? ""}
[accounts]
iterations = 4096
[[route]]
to = "*"
via = "maildir:outbox"
[log]
level = "error"
${o.more ?? ""}
`;
  const parsed = parseConfig(
    text,
    join(dir, "postern.toml"),
    (path) => ({ text: Deno.readTextFileSync(path) }),
  );
  if (parsed._tag === "Invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

/** A server with one account, until `body` ends. */
export const withServer = async (
  o: InProcessOptions,
  body: (s: InProcess) => Promise<void>,
): Promise<void> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-in-process-" });
  const made = await makeSelfSigned(["localhost"], Date.now());
  await Deno.writeTextFile(join(dir, "cert.pem"), made.certificatePem);
  await Deno.writeTextFile(join(dir, "key.pem"), made.keyPem);
  await Deno.mkdir(join(dir, "data"));
  await o.prepare?.(dir);
  const c = config(dir, o);
  const accounts: InProcess["accounts"] = (work) =>
    Effect.runPromise(Effect.provide(work, accountsLayer(c.accounts)));
  const user = "alice@example.com";
  const password = "correct horse";
  const primary = parseMailbox(user);
  if (primary === null) throw new Error(user);
  const add = { primary, aliases: [], password: Redacted.make(password) };
  await accounts(AccountsAdmin.use((a) => a.add(add)));
  const { promise, resolve } = Promise.withResolvers<Listening>();
  const fiber = Effect.runFork(
    serve({
      config: c,
      policies: defaultPolicies,
      ready: (listening) => Effect.sync(() => resolve(listening)),
      onAccepted: null,
    }),
  );
  const ended = Effect.runPromise(Fiber.join(fiber));
  try {
    const { submission, submissions } = await Promise.race([promise, ended]);
    const portOf = (all: Listening["submission"]): number => all[0]?.port ?? 0;
    const [clear, tls] = [portOf(submission), portOf(submissions)];
    await body({ dir, submission: clear, submissions: tls, user, password, accounts });
  } finally {
    await Effect.runPromise(Effect.timeoutOption(Fiber.interrupt(fiber), Duration.seconds(20)));
    await ended.catch(() => {});
    await Deno.remove(dir, { recursive: true });
  }
};
