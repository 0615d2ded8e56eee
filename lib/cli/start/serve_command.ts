/** `postern serve` and `postern start`: the server, on a configuration or on what a first run makes. */
import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/read/load.ts";
import type { Listening } from "../../server/server.ts";
import type { Policies } from "../../stages/policy.ts";
import type { Signed } from "../../stages/submission.ts";
import { curlLine } from "./curl_line.ts";
import { renderBrief } from "../explain_view.ts";
import { badConfig, failed, type Failure, reasonOf, serverFailure } from "../../app/failure.ts";
import { ensureFirstRun, type FirstRun } from "./first_run.ts";
import { configOf, findConfig, here, STANDARD_PLACES } from "../../app/config_file.ts";
import { root } from "../root.ts";
import { announce, serve } from "../../app/serve.ts";
import { print, show } from "../terminal.ts";

const held = Flag.Boolean("held").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Hold messages that are in the spool, until `postern queue release`; new mail continues",
  ),
);

export const serveCommand = (policies: Policies) =>
  Command.make("serve", { held }, (o) =>
    Effect.gen(function* () {
      const config = yield* configOf((yield* root).config);
      yield* run(config, policies, announce(config.hostname), null, o.held);
    })).pipe(Command.withDescription("Run the server"));

export const startCommand = (policies: Policies) =>
  Command.make("start", {}, () =>
    Effect.gen(function* () {
      const { config: given } = yield* root;
      const path = yield* findConfig(given);
      const first = Option.isNone(given) && (path === null || path === (yield* firstRunConfig));
      if (!first) {
        const config = yield* configOf(given);
        return yield* run(config, policies, announce(config.hostname), showTrail);
      }
      const made = yield* ensureFirstRun(join(yield* here, "data"));
      const config = yield* loadConfig(made.config).pipe(Effect.mapError(badConfig));
      yield* run(config, policies, welcome(config, made), showTrail);
    })).pipe(
      Command.withDescription(
        "Run the server and show what arrives; without a configuration make one in ./data first",
      ),
    );

const firstRunConfig = Effect.map(here, (dir) => join(dir, STANDARD_PLACES[1]));

const run = (
  config: Config,
  policies: Policies,
  ready: (listening: Listening) => Effect.Effect<void>,
  onAccepted: ((submission: Signed) => void) | null,
  startHeld = false,
): Effect.Effect<void, Failure> =>
  Effect.andThen(
    config.spool.path === null ? Effect.void : ensureDirectory(dirname(config.spool.path)),
    serve({ config, policies, ready, onAccepted, held: startHeld }).pipe(
      Effect.mapError(serverFailure(config)),
    ),
  );

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
