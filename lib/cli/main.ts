/** The command line. `main.ts` calls it with the site's policies; nothing here is for libraries. */
import { Effect } from "effect";
import { CliError, Command } from "effect/cli";
import type { Policies } from "../stages/policy.ts";
import { accountCommand } from "./account/account.ts";
import { checkCommand } from "./discovery/check_domain.ts";
import { configCommand } from "./config.ts";
import { discoverCommand } from "./discovery/discover.ts";
import { dkimCommand } from "./dkim/dkim.ts";
import { explainCommand } from "./explain/explain.ts";
import { Failure, misused } from "../app/failure.ts";
import { policyCommand } from "./explain/policy.ts";
import { publishCommand } from "./discovery/publish.ts";
import { queueCommand } from "./queue/queue.ts";
import { rightsCommand } from "./rights/rights.ts";
import { root } from "./root.ts";
import { routeCommand } from "./explain/route.ts";
import { runMain } from "./run_main.ts";
import { serveCommand, startCommand } from "./start/serve_command.ts";
import { cliLayer } from "./terminal.ts";
import { suppressCommand } from "./queue/suppress.ts";
import { expandTrace, traceCommand } from "./explain/trace.ts";
import { VERSION } from "../app/version.ts";

const commands = (policies: Policies) =>
  root.pipe(Command.withSubcommands([
    startCommand(policies),
    serveCommand(policies),
    accountCommand,
    rightsCommand(policies),
    dkimCommand,
    traceCommand,
    policyCommand(policies),
    queueCommand(policies),
    suppressCommand,
    explainCommand(policies),
    routeCommand(policies),
    publishCommand,
    configCommand,
    checkCommand,
    discoverCommand,
  ]));

/** Usage errors were printed with the help already. */
const usage = (e: CliError.CliError | Failure): Failure => e instanceof Failure ? e : misused();

/** Runs `args` and ends the process. */
export const main = (
  policies: Policies,
  args: ReadonlyArray<string> = Deno.args,
): Promise<never> =>
  runMain(
    Command.runWith(commands(policies), { version: VERSION })(expandTrace(args)).pipe(
      Effect.provide(cliLayer),
      Effect.mapError(usage),
    ),
  );
