/** `postern serve` and `postern start`: the server, on a configuration or on what a first run makes. */
import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { dirname, join } from "node:path";
import { type Config, ConfigError } from "../../config/config.ts";
import { type CheckReport, inspectConfig } from "../../config/read/check.ts";
import type { Listening } from "../../server/server.ts";
import type { Policies } from "../../stages/policy.ts";
import type { Signed } from "../../stages/submission.ts";
import { curlLine } from "./curl_line.ts";
import { renderBrief } from "../explain_view.ts";
import {
  badConfig,
  failed,
  type Failure,
  misused,
  reasonOf,
  serverFailure,
} from "../../app/failure.ts";
import { ensureFirstRun, type FirstRun } from "./first_run.ts";
import { findConfig, here, NO_CONFIG, STANDARD_PLACES } from "../../app/config_file.ts";
import { root } from "../root.ts";
import { announce, serve } from "../../app/serve.ts";
import { starterGone } from "./starter.ts";
import { print, show } from "../terminal.ts";

const held = Flag.Boolean("held").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Hold messages that are in the spool, until `postern queue release`; new mail continues",
  ),
);

const withStarter = Flag.Boolean("with-starter").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Stop once the process that started this one has ended"),
);

export const serveCommand = (policies: Policies) =>
  Command.make("serve", { held }, (o) =>
    Effect.gen(function* () {
      const report = yield* inspected((yield* root).config);
      yield* run(report, policies, announce(report.config.hostname), null, o.held);
    })).pipe(Command.withDescription("Run the server"));

export const startCommand = (policies: Policies) =>
  Command.make(
    "start",
    { withStarter },
    (o) => Effect.raceFirst(started(policies), o.withStarter ? left : Effect.never),
  ).pipe(
    Command.withDescription(
      "Run the server and show what arrives; without a configuration make one in ./data first",
    ),
  );

const left = Effect.andThen(starterGone(), print("Stops: whoever started it has ended."));

const started = (policies: Policies) =>
  Effect.gen(function* () {
    const { config: given } = yield* root;
    const path = yield* findConfig(given);
    const first = Option.isNone(given) && (path === null || path === (yield* firstRunConfig));
    if (!first) {
      const report = yield* inspected(given);
      return yield* run(report, policies, announce(report.config.hostname), showTrail);
    }
    const made = yield* ensureFirstRun(join(yield* here, "data"));
    const report = yield* inspectConfig(made.config).pipe(Effect.mapError(badConfig));
    yield* run(report, policies, welcome(report.config, made), showTrail);
  });

const firstRunConfig = Effect.map(here, (dir) => join(dir, STANDARD_PLACES[1]));

/** All that `config check` finds; a server that cannot be is not begun, and everything that is wrong is told. */
const inspected = Effect.fnUntraced(function* (given: Option.Option<string>) {
  const path = yield* findConfig(given);
  if (path === null) return yield* misused(NO_CONFIG);
  const report = yield* inspectConfig(path).pipe(Effect.mapError(badConfig));
  if (report.fatal.length > 0) {
    return yield* badConfig(new ConfigError({ file: path, problems: report.problems }));
  }
  return report;
});

const run = (
  report: CheckReport,
  policies: Policies,
  ready: (listening: Listening) => Effect.Effect<void>,
  onAccepted: ((submission: Signed) => void) | null,
  startHeld = false,
): Effect.Effect<void, Failure> => {
  const { config } = report;
  return Effect.andThen(
    config.spool.path === null ? Effect.void : ensureDirectory(dirname(config.spool.path)),
    serve({ config, report, policies, ready, onAccepted, held: startHeld }).pipe(
      Effect.mapError(serverFailure(config)),
    ),
  );
};

/** What is queued is nobody else's business. */
const ensureDirectory = (dir: string): Effect.Effect<void, Failure> =>
  Effect.tryPromise({
    try: () => Deno.mkdir(dir, { recursive: true, mode: 0o700 }),
    catch: (e) => failed(`${dir}: ${reasonOf(e)}`),
  });

/** A message that has just been accepted, in a few lines. */
const showTrail = (s: Signed): void => {
  show(`${s.id}  accepted`, ...renderBrief(s.trail).map((line) => `  ${line}`));
};

/** Where it listens, and what to paste to see something happen. */
const welcome = (config: Config, made: FirstRun) => (listening: Listening): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (made.fresh) {
      yield* print(`Made ${made.config}, a certificate and the account ${made.account}.`);
    }
    yield* announce(config.hostname)(listening);
    const listener = listening.submissions[0];
    if (listener === undefined) return;
    yield* print(
      "Mail stays in the Maildir beside the configuration until a route says otherwise.",
      "Paste this into another terminal to send a message:",
      "",
      curlLine(made, listener),
      "",
    );
  });
