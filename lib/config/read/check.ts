/**
 * What is found before the server starts, beyond the text of the configuration: files, keys, directories, limits.
 * `postern config check` and the start ask this one function, so that both say the same. Keeps nothing that it makes,
 * opens no socket.
 */
import { Clock, Effect, Result } from "effect";
import { dirname, join, resolve } from "node:path";
import { accountsLayer } from "../../accounts/sqlite.ts";
import { comparison } from "../../address/local_rules.ts";
import { printMailbox } from "../../address/mailbox.ts";
import { keyFaults } from "../../dkim/inspect.ts";
import type { Account } from "../../ports/accounts.ts";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import type { RouteRule } from "../../ports/routes.ts";
import { loadAuthorities, loadPair, type PairFiles, pairWarnings } from "../../tls/pair.ts";
import { changedDefaults } from "./changed.ts";
import { type Config, ConfigError, type Problem } from "../config.ts";
import { plainFault } from "../values/fault.ts";
import { loadText, readSecret } from "./load.ts";
import { lockedOut } from "./locked_out.ts";
import { parseConfig } from "./parse.ts";
import { problemAt, type Source } from "./problems.ts";
import { roomFor } from "./open_files.ts";
import { readableSecrets } from "./secret_files.ts";
import { demoAccount } from "./demo_account.ts";
import { type KeyPath, locate, parseToml } from "../values/toml.ts";

/** What `config check` found: what is wrong, what is doubtful, and what is worth knowing. */
export interface CheckReport {
  readonly config: Config;
  /** Wrong. */
  readonly problems: ReadonlyArray<Problem>;
  /** Those of them that no server starts with; others may cost the mail of one domain, say, or be over soon. */
  readonly fatal: ReadonlyArray<Problem>;
  /** Not wrong, but seldom meant. */
  readonly warnings: ReadonlyArray<Problem>;
  /** Right, and perhaps not what was meant before a default changed. */
  readonly notes: ReadonlyArray<Problem>;
  /** Connections that the system has files for, at most `limits.connections`. */
  readonly connections: number;
}

/** Fails with everything that is wrong. */
export const checkConfig = (file: string): Effect.Effect<CheckReport, ConfigError> =>
  Effect.flatMap(
    inspectConfig(file),
    (report) =>
      report.problems.length > 0
        ? Effect.fail(new ConfigError({ file, problems: report.problems }))
        : Effect.succeed(report),
  );

/** Fails where the text is wrong, which is not looked at further then. */
export const inspectConfig = (file: string): Effect.Effect<CheckReport, ConfigError> =>
  Effect.gen(function* () {
    const text = yield* loadText(file);
    const result = parseConfig(text, file, readSecret);
    if (result._tag === "Invalid") {
      return yield* new ConfigError({ file, problems: result.problems });
    }
    const toml = parseToml(text);
    const source: Source = {
      file,
      document: toml._tag === "Document" ? toml.value : {},
      lineOf: locate(text),
    };
    const { config } = result;
    const found = yield* surroundings(source, config);
    const room = yield* Effect.sync(() =>
      roomFor(source, config.limits.connections, config.queue.connections)
    );
    return {
      ...found,
      config,
      warnings: room.warning === null ? found.warnings : [...found.warnings, room.warning],
      notes: [...config.notices, ...found.notes],
      connections: room.connections,
    };
  });

interface Findings {
  readonly problems: Array<Problem>;
  readonly fatal: Array<Problem>;
  readonly warnings: Array<Problem>;
  readonly notes: Array<Problem>;
}

const surroundings = Effect.fnUntraced(function* (source: Source, c: Config) {
  const found: Findings = { problems: [], fatal: [], warnings: [], notes: [] };
  yield* pair(source, found, ["tls"], c.tls.default, c.hostname);
  for (const [i, files] of c.tls.sni.entries()) {
    yield* pair(source, found, ["tls", "sni", i], files, null);
  }
  const { clientCa } = c.tls;
  if (clientCa !== null) {
    const authorities = yield* Effect.result(loadAuthorities(clientCa));
    if (Result.isFailure(authorities)) {
      fatal(found, problemAt(source, ["tls", "client_ca"], authorities.failure.message));
    }
  }
  for (const [i, { source: keys }] of c.auth.issuers.entries()) {
    const fault = keys._tag === "KeyFile"
      ? yield* Effect.promise(() => unreadable(keys.path))
      : null;
    if (fault !== null) found.problems.push(problemAt(source, ["auth", "oauth", i, "jwks"], fault));
  }
  for (const [i, { passwordFile }] of c.filters.entries()) {
    const fault = passwordFile === null
      ? null
      : yield* Effect.promise(() => unreadable(passwordFile));
    if (fault !== null) {
      found.problems.push(problemAt(source, ["filter", i, "password_file"], fault));
    }
  }
  const { keys } = c.dkim;
  const badKeys = keys === null ? [] : yield* Effect.promise(() => keyFaults(keys));
  for (const fault of badKeys) found.problems.push(problemAt(source, ["dkim", "keys"], fault));
  const secrets = yield* Effect.promise(() =>
    readableSecrets(source, (path) => resolve(dirname(source.file), path))
  );
  found.warnings.push(...secrets);
  const { file } = c.policies;
  const noPolicy = file === null ? null : yield* Effect.promise(() => unreadable(file));
  if (noPolicy !== null) fatal(found, problemAt(source, ["policies", "file"], noPolicy));
  if (c.spool.path !== null) yield* writable(source, found, ["spool", "url"], c.spool.path);
  yield* writable(source, found, ["accounts", "url"], c.accounts.path);
  yield* authorities(source, found, ["dns", "ca"], c.dns.ca);
  yield* authorities(source, found, ["discover", "ca"], c.discover.ca);
  yield* authorities(source, found, ["replica", "ca"], c.replica?.ca ?? null);
  for (const [i, rule] of c.routes.entries()) {
    yield* route(source, found, i, rule);
    unforwarded(source, found, i, rule, c.auth.mechanisms);
  }
  const accounts = yield* accountsOf(c);
  separators(source, found, c, accounts);
  found.warnings.push(...demoAccount(source, c.hostname, accounts));
  for (const message of lockedOut(c, accounts)) {
    found.warnings.push(problemAt(source, ["auth", "mechanisms"], message));
  }
  found.notes.push(...changedDefaults(source, accounts));
  return found;
});

/** No server with it. */
const fatal = (found: Findings, problem: Problem): void => {
  found.problems.push(problem);
  found.fatal.push(problem);
};

/** None where there is no store yet; one that cannot be read is told of where it is used. */
const accountsOf = Effect.fnUntraced(function* (c: Config) {
  const there = yield* Effect.promise(() =>
    Deno.stat(c.accounts.path).then((s) => s.isFile, () => false)
  );
  if (!there) return [];
  return yield* AccountsAdmin.use((a) => a.list).pipe(
    Effect.provide(accountsLayer({ ...c.accounts, readOnly: true })),
    Effect.orElseSucceed((): ReadonlyArray<Account> => []),
  );
});

/** An account whose name holds the separator is below another one. RFC 5233 §4 */
const separators = (
  source: Source,
  found: Findings,
  c: Config,
  accounts: ReadonlyArray<Account>,
): void => {
  const { above, key, separatorOf } = comparison(c.rights);
  for (const account of accounts) {
    const addresses = [account.primary, ...account.aliases];
    const own = new Set(addresses.map(key));
    for (const m of addresses) {
      const [head] = above(m);
      if (head === undefined || above(m).some((k) => own.has(k))) continue;
      found.warnings.push(problemAt(
        source,
        ["rights", "separator"],
        `${JSON.stringify(separatorOf(m))} is in the account name ${printMailbox(m)}: ` +
          `the account ${head} may send as it`,
      ));
    }
  }
};

/** `hostname`: a name that the certificate should have. RFC 7817 §5 */
const pair = Effect.fnUntraced(function* (
  source: Source,
  found: Findings,
  at: KeyPath,
  files: PairFiles,
  hostname: string | null,
) {
  const loaded = yield* Effect.result(loadPair(files, null));
  if (Result.isFailure(loaded)) {
    const key = loaded.failure.file === files.key ? "key" : "certificate";
    fatal(found, problemAt(source, [...at, key], loaded.failure.message));
    return;
  }
  const now = yield* Clock.currentTimeMillis;
  for (const warning of pairWarnings(loaded.success, hostname, now)) {
    found.warnings.push(problemAt(source, [...at, "certificate"], warning));
  }
});

/** Whether `path` can be written, or made where it is not there yet. */
const writable = Effect.fnUntraced(function* (
  source: Source,
  found: Findings,
  at: KeyPath,
  path: string,
) {
  const fault = yield* Effect.promise(() => notWritable(path));
  if (fault !== null) found.problems.push(problemAt(source, at, fault));
});

/** Goes up to the nearest thing that exists; null where all is well. Leaves nothing behind. */
const notWritable = async (path: string): Promise<string | null> => {
  for (let at = path;; at = dirname(at)) {
    const stat = await Deno.stat(at).catch((e: unknown) => e);
    if (stat instanceof Deno.errors.NotFound && dirname(at) !== at) continue;
    if (stat instanceof Error) return `${at}: ${plainFault(stat)}`;
    const isDirectory = (await Deno.stat(at)).isDirectory;
    if (at !== path && !isDirectory) return `${at} is not a directory`;
    const attempt = isDirectory ? makeAndRemove(at) : opens(at, { append: true });
    return await attempt.then(
      () => null,
      (e: unknown) => `${at} cannot be written to: ${plainFault(e)}`,
    );
  }
};

const makeAndRemove = async (dir: string): Promise<void> => {
  const path = join(dir, `.postern-check-${crypto.randomUUID()}`);
  (await Deno.open(path, { write: true, createNew: true })).close();
  await Deno.remove(path);
};

const opens = async (path: string, how: Deno.OpenOptions): Promise<void> => {
  (await Deno.open(path, how)).close();
};

/** A file with authorities must be there once it is named. */
const authorities = Effect.fnUntraced(function* (
  source: Source,
  found: Findings,
  at: KeyPath,
  ca: string | null,
) {
  const fault = ca === null ? null : yield* Effect.promise(() => unreadable(ca));
  if (fault !== null) found.problems.push(problemAt(source, at, fault));
});

const route = Effect.fnUntraced(function* (
  source: Source,
  found: Findings,
  i: number,
  rule: RouteRule,
) {
  const { ca, hop } = rule;
  yield* authorities(source, found, ["route", i, "ca"], ca);
  if (hop._tag === "Maildir") {
    yield* writable(source, found, ["route", i, "via"], hop.path);
  }
  if (hop._tag === "LmtpUnix") {
    const there = yield* Effect.promise(() => Deno.stat(hop.path).then(() => true, () => false));
    if (!there) {
      found.warnings.push(problemAt(source, ["route", i, "via"], "there is no such socket now"));
    }
  }
});

/** Who shows no password has none that could go on. */
const unforwarded = (
  source: Source,
  found: Findings,
  i: number,
  { passThrough }: RouteRule,
  mechanisms: ReadonlyArray<string>,
): void => {
  const without = mechanisms.filter((m) => m !== "PLAIN" && m !== "LOGIN");
  if (passThrough?.login !== true || without.length === 0) return;
  const message = `clients that sign in by ${
    without.join(", ")
  } are refused: they send no password`;
  found.warnings.push(problemAt(source, ["route", i, "forward_login"], message));
};

const unreadable = (path: string): Promise<string | null> =>
  opens(path, { read: true }).then(() => null, (e: unknown) => `${path}: ${plainFault(e)}`);
